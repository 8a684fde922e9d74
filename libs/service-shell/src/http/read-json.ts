import { SharedErrors } from '@angarium/errors';
import type { FastifyInstance } from 'fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Handlers of this route get the text of the body beside what it means. */
    keepsText?: boolean;
    /** Bodies of this route are texts of any type, which their handler reads itself. */
    takesText?: boolean;
  }
  interface FastifyRequest {
    /** The text that came as the body, for routes that keep or take it. */
    bodyText?: string;
  }
}

/**
 * Reads JSON bodies as Fastify does (keys that poison prototypes are refused), but says INVALID_JSON when they are none:
 * on its way through Nest, Fastify's own error would lose its code.
 * Bodies of other types are read by routes that take texts, and refused elsewhere.
 */
export function readJson(fastify: FastifyInstance): void {
  fastify.addContentTypeParser(['*', 'text/plain'], { parseAs: 'string' }, (request, body, done) => {
    if (request.routeOptions.config.takesText !== true) return done(SharedErrors.UNSUPPORTED_MEDIA_TYPE());
    request.bodyText = body as string;
    done(null, undefined);
  });
  const parse = fastify.getDefaultJsonParser('error', 'error');
  fastify.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (request.routeOptions.config.takesText === true) {
      request.bodyText = body as string;
      return done(null, undefined);
    }
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
