import { defineErrors } from './define-errors.js';

/** Codes that any service may answer with. */
export const SharedErrors = defineErrors({
  INTERNAL: {
    status: 500,
    blame: 'us',
    retry: 'later',
    summary: 'The service failed in a way it did not expect.',
    cure: 'Try again; if it stays, look for the correlation id in the logs.',
  },
  INVALID_JSON: {
    status: 400,
    blame: 'caller',
    retry: 'never',
    summary: 'The body is not valid JSON.',
    cure: 'Send a JSON document with content-type application/json.',
  },
  INVALID_INPUT: {
    status: 422,
    blame: 'caller',
    retry: 'never',
    summary: 'A field does not fit.',
    cure: 'Correct the fields named in details and send again.',
  },
  NOT_FOUND: {
    status: 404,
    blame: 'caller',
    retry: 'never',
    summary: 'Nothing is here.',
    cure: 'Check the path and the id.',
  },
  UNAUTHORIZED: {
    status: 401,
    blame: 'caller',
    retry: 'never',
    summary: 'No valid credential came with the request.',
    cure: 'Send the header authorization: Bearer <token>.',
  },
  PAYLOAD_TOO_LARGE: {
    status: 413,
    blame: 'caller',
    retry: 'never',
    summary: 'The body is larger than the limit.',
    cure: 'Send less at once.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    blame: 'caller',
    retry: 'never',
    summary: 'The body has a content type that this route does not read.',
    cure: 'Send content-type application/json.',
  },
  REQUEST_REFUSED: {
    status: 400,
    blame: 'caller',
    retry: 'never',
    summary: 'The request is not one that this route answers.',
    cure: 'Check the method, headers and body against the reference.',
  },
  UNAVAILABLE: {
    status: 503,
    blame: 'us',
    retry: 'when-available',
    summary: 'Something this service depends on is away.',
    cure: 'Try again in the seconds that retryAfter names; nothing was half-done.',
  },
});
