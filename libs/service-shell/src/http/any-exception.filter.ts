import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { TransportExceptionFilter } from '@angarium/transport';
import { describeError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { toHttpError } from './to-http-error.js';

/** Every error leaves a service in one shape: `{code, message, details, retryAfter}` over HTTP, the error itself over the transport. */
@Catch()
export class AnyExceptionFilter implements ExceptionFilter {
  private readonly transport = new TransportExceptionFilter();

  constructor(private readonly logger: Logger) {}

  catch(exception: unknown, host: ArgumentsHost): unknown {
    if (host.getType() === 'rpc') return this.transport.catch(exception, host);
    const http = host.switchToHttp();
    const error = toHttpError(exception, http.getRequest<Partial<FastifyRequest>>().routeOptions?.bodyLimit);
    // what the caller has to change is no error of ours, and of an outage the health checks and loops tell once
    if (error.retry === 'when-available') this.logger.warn({ code: error.code, reason: describeError(error) }, 'request refused: something is away');
    else if (error.status >= 500 && error.blame !== 'caller') this.logger.error({ code: error.code, reason: describeError(error), err: error.cause ?? error }, 'request failed');
    const body = error.toBody();
    const reply = http.getResponse<FastifyReply>();
    if (body.retryAfter !== undefined) reply.header('retry-after', String(body.retryAfter));
    if (error.status === 401) reply.header('www-authenticate', 'Bearer');
    return reply.status(error.status).send(body);
  }
}
