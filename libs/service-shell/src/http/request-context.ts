import { followContext, runInContext, currentContext, type Logger, type Metrics } from '@angarium/observability';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Asked every few seconds; a line each would bury the rest. */
const quietRoutes = new Set(['/health/live', '/health/ready', '/metrics']);

/**
 * Gives every request a context (correlation id, trace), a log line and a measured duration.
 * The context is taken up from `x-correlation-id` and `traceparent`; the answer carries `x-correlation-id`.
 */
export function followRequests(fastify: FastifyInstance, logger: Logger, metrics: Metrics): void {
  const duration = metrics.duration('http_request_duration_seconds', 'Time to answer a request.', ['method', 'route', 'status']);
  fastify.addHook('onRequest', (request, reply, done) => {
    const context = followContext({ correlationId: header(request, 'x-correlation-id'), traceparent: header(request, 'traceparent') });
    void reply.header('x-correlation-id', context.correlationId);
    runInContext(context, done);
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? '(none)';
    const status = reply.statusCode;
    duration.observe({ method: request.method, route, status: String(status) }, reply.elapsedTime / 1000);
    if (!quietRoutes.has(route)) {
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
