import { HttpException } from '@nestjs/common';
import { AngariumError, SharedErrors, toAngariumError } from '@angarium/errors';

/**
 * Fastify's and Nest's own refusals by their status; everything else is ours or unexpected. `bodyLimitBytes`: of the route that was called,
 * where known. Pure.
 */
export function toHttpError(error: unknown, bodyLimitBytes?: number): AngariumError {
  if (error instanceof AngariumError) return error;
  const status = error instanceof HttpException ? error.getStatus() : (error as { statusCode?: unknown }).statusCode;
  if (typeof status !== 'number' || status >= 500) return toAngariumError(error);
  const message = error instanceof Error ? error.message : undefined;
  switch (status) {
    case 401:
      return SharedErrors.UNAUTHORIZED();
    case 404:
      return SharedErrors.NOT_FOUND(message === undefined ? undefined : `${message}. Check the path and the method.`);
    case 413:
      if (bodyLimitBytes === undefined) return SharedErrors.PAYLOAD_TOO_LARGE();
      return SharedErrors.PAYLOAD_TOO_LARGE(`The body is larger than the ${bodyLimitBytes} bytes that this route takes. Send less at once.`, { details: { limitBytes: bodyLimitBytes } });
    case 415:
      return SharedErrors.UNSUPPORTED_MEDIA_TYPE();
    default:
      return refused(message, status);
  }
}

function refused(message: string | undefined, status: number): AngariumError {
  return new AngariumError({ code: SharedErrors.REQUEST_REFUSED.code, blame: 'caller', retry: 'never', status }, message ?? 'The request was refused.');
}
