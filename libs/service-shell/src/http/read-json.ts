import { SharedErrors } from '@angarium/errors';
import type { FastifyInstance } from 'fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Handlers of this route get the text of the body beside what it means. */
    keepsText?: boolean;
  }
  interface FastifyRequest {
    /** The text that came as the body, for routes that keep it. */
    bodyText?: string;
  }
}

/**
 * Reads JSON bodies as Fastify does (keys that poison prototypes are refused), but says INVALID_JSON when they are none:
 * on its way through Nest, Fastify's own error would lose its code.
 * Bodies of other types are refused; routes that take bodies raw have a parser of their own.
 */
export function readJson(fastify: FastifyInstance): void {
  fastify.addContentTypeParser(['*', 'text/plain'], { parseAs: 'string' }, (_request, _body, done) => done(SharedErrors.UNSUPPORTED_MEDIA_TYPE()));
  const parse = fastify.getDefaultJsonParser('error', 'error');
  fastify.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    // many clients always send the header: no body is none, whatever it is called
    if (body === '') return done(null, undefined);
    void parse(request, body as string, (error, value) => {
      if (error) done(SharedErrors.INVALID_JSON(undefined, { cause: error }));
      else {
        if (request.routeOptions.config.keepsText === true) request.bodyText = body as string;
        done(null, value);
      }
    });
  });
}
