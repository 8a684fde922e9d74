import { beginSpan, currentContext, followContext, runInContext, type Logger, type Metrics, type OpenSpan } from '@angarium/observability';
import type { FastifyInstance, FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Successes of this route get no log line. */
    isQuiet?: boolean;
  }
}

/** Asked every few seconds; a line each would bury the rest. */
const quietRoutes = new Set(['/health/live', '/health/ready', '/metrics']);

/**
 * Gives every request a context (correlation id, trace), a log line and a measured duration.
 * The context is taken up from `x-correlation-id` and `traceparent`; the answer carries `x-correlation-id`.
 */
export function followRequests(fastify: FastifyInstance, logger: Logger, metrics: Metrics): void {
  const spans = new WeakMap<FastifyRequest, OpenSpan>();
  const duration = metrics.duration('http_request_duration_seconds', 'Time to answer a request.', ['method', 'route', 'status']);
  // the labels are looked up once for each combination: hashing them costs more than counting
  const durations = new Map<string, { observe(seconds: number): void }>();
  const durationOf = (method: string, route: string, status: number) => {
    const name = `${method} ${route} ${status}`;
    const known = durations.get(name) ?? duration.labels({ method, route, status: String(status) });
    if (!durations.has(name)) durations.set(name, known);
    return known;
  };
  fastify.addHook('onRequest', (request, reply, done) => {
    const route = request.routeOptions.url ?? '(none)';
    const carrier = { correlationId: header(request, 'x-correlation-id'), traceparent: header(request, 'traceparent') };
    const attributes = { 'http.request.method': request.method, 'http.route': route };
    const span = quietRoutes.has(route) ? undefined : beginSpan({ name: `${request.method} ${route}`, kind: 'server', attributes }, carrier);
    if (span) spans.set(request, span);
    const context = span?.context ?? followContext(carrier);
    void reply.header('x-correlation-id', context.correlationId);
    runInContext(context, done);
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? '(none)';
    const status = reply.statusCode;
    const span = spans.get(request);
    // the tenant is known since the request was authenticated
    span?.end(status >= 500 ? 'failed' : undefined, { 'http.response.status_code': status, 'angarium.tenant': span.context.tenant });
    durationOf(request.method, route, status).observe(reply.elapsedTime / 1000);
    // a line for each of thousands a second would bury the rest and cost more than the answer: metrics count them
    const isQuiet = quietRoutes.has(route) || (request.routeOptions.config.isQuiet === true && status < 400);
    if (!isQuiet) {
      const correlationId = currentContext()?.correlationId ?? reply.getHeader('x-correlation-id');
      logger.info({ method: request.method, route, status, ms: Math.round(reply.elapsedTime * 10) / 10, correlationId }, 'request answered');
    }
    done();
  });
}

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}
