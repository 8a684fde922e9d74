import { defineErrors } from '@angarium/errors';

/**
 * What can go wrong with an outgoing request. Messages and details name the host that the caller wrote and a reason code;
 * never the addresses that DNS gave (they describe our network) and never the URL's path or query (they carry secrets).
 * For the same reason no foreign error is kept as `cause`: its text names addresses.
 */
export const EgressErrors = defineErrors({
  EGRESS_TARGET_REFUSED: {
    status: 422,
    blame: 'caller',
    retry: 'never',
    summary: 'The URL is not one that this system sends requests to.',
    cure: 'Use an https URL with a host name that resolves to public addresses only, in plain spelling, on port 80, 443 or 1024 and above.',
  },
  EGRESS_REQUEST_INVALID: {
    status: 422,
    blame: 'caller',
    retry: 'never',
    summary: 'The request cannot be sent as it is.',
    cure: 'Remove headers that the client sets itself and characters that HTTP does not allow in headers.',
  },
  EGRESS_TIMEOUT: {
    status: 504,
    blame: 'provider',
    retry: 'later',
    summary: 'The receiver did not answer completely in time.',
    cure: 'Answer at once and work afterwards; the limit counts connecting, headers and body.',
  },
  EGRESS_CONNECTION_FAILED: {
    status: 502,
    blame: 'provider',
    retry: 'later',
    summary: 'No connection to the receiver, or it was cut before the answer ended.',
    cure: 'Check that the receiver runs, that its name resolves and that its certificate is valid for that name.',
  },
  EGRESS_RESPONSE_INVALID: {
    status: 502,
    blame: 'provider',
    retry: 'later',
    summary: 'The answer is not one that can be read.',
    cure: 'Answer with HTTP/1.1, fewer and shorter headers, and a body as long as content-length says.',
  },
});
