import { AngariumError, SharedErrors } from '@angarium/errors';
import { EgressErrors } from './errors.js';

/** What is known about a request when it fails. */
export interface FailedRequest {
  /** Host and port as in the URL. */
  readonly host: string;
  /** Whether writing had begun: the receiver may have the request, answered or not. */
  readonly mayHaveArrived: boolean;
}

const unreadable = new Set(['UND_ERR_HEADERS_OVERFLOW', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'UND_ERR_RES_EXCEEDED_MAX_SIZE']);
const tooLate = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT']);
const notSendable = new Set(['UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED', 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH']);
const closing = new Set(['UND_ERR_CLOSED', 'UND_ERR_DESTROYED']);
const certificate = /^(?:CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT)/;

const reasons: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its name does not resolve',
  EAI_AGAIN: 'DNS did not answer for its name',
  ECONNREFUSED: 'it refused the connection',
  ECONNRESET: 'it reset the connection',
  EPIPE: 'it closed the connection',
  EHOSTUNREACH: 'there is no way to it',
  ENETUNREACH: 'there is no way to it',
  UND_ERR_SOCKET: 'it closed the connection before the answer ended',
};

/**
 * Translates what undici, Node's sockets, TLS and DNS report, once, by code. Keeps the code as `details.reason`,
 * and nothing of the foreign text: it names addresses.
 */
export function toEgressError(error: unknown, { host, mayHaveArrived }: FailedRequest): AngariumError {
  if (error instanceof AngariumError) return error;
  const reason = codeOf(error);
  const details = { host, reason, mayHaveArrived };
  if (tooLate.has(reason)) return EgressErrors.EGRESS_TIMEOUT(`${host} could not be reached in time.`, { details });
  if (closing.has(reason)) return SharedErrors.UNAVAILABLE('The service is stopping and sends no more requests.');
  if (unreadable.has(reason) || reason === 'NOT_HTTP') {
    return EgressErrors.EGRESS_RESPONSE_INVALID(`${host} gave an answer that cannot be read (${reason}).`, { details });
  }
  if (notSendable.has(reason)) {
    return EgressErrors.EGRESS_REQUEST_INVALID('A header, the method or the path has characters that HTTP does not allow.', { details });
  }
  const why = reasons[reason] ?? (certificate.test(reason) ? 'its certificate was not accepted' : 'the connection failed');
  return EgressErrors.EGRESS_CONNECTION_FAILED(`No answer from ${host}: ${why} (${reason}).`, { details });
}

/** Of an AggregateError (several addresses tried) Node copies the first one's code; undici's parser errors have none that can be relied on. */
function codeOf(error: unknown): string {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  if (name === 'HTTPParserError') return 'NOT_HTTP';
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? code : 'UNKNOWN';
}
