/** The broker refused the call or failed: what it answered. `code` is what programs decide by; the reference lists them all. */
export class AngariumApiError extends Error {
  override readonly name = 'AngariumApiError';

  constructor(
    readonly code: string,
    readonly status: number,
    message: string,
    readonly details?: unknown,
    /** Seconds after which the same call may pass. Undefined: it fails again. */
    readonly retryAfter?: number,
  ) {
    super(message);
  }
}

/**
 * No answer came. `isSent` false: the broker never got the call (connection refused, unknown host).
 * True: it may have carried it out (connection lost, no answer within `timeoutMs`).
 */
export class AngariumConnectionError extends Error {
  override readonly name = 'AngariumConnectionError';

  constructor(
    readonly code: 'CONNECTION_FAILED' | 'TIMEOUT',
    readonly isSent: boolean,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Codes of system calls that fail before a byte is sent. */
const neverSent = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT']);

/** What fetch threw, as one of ours. The code lies in `cause`, and of a host with several addresses one level deeper. */
export function toConnectionError(error: unknown, where: string): AngariumConnectionError {
  const codes = codesOf(error);
  const isSent = codes.length === 0 || !codes.every((code) => neverSent.has(code));
  const reason = codes.length > 0 ? codes.join(', ') : error instanceof Error ? error.message : String(error);
  return new AngariumConnectionError('CONNECTION_FAILED', isSent, `No answer from ${where} (${reason}). Check the URL and whether the broker runs.`, { cause: error });
}

function codesOf(error: unknown): string[] {
  if (typeof error !== 'object' || error === null) return [];
  const { code, cause, errors } = error as { code?: unknown; cause?: unknown; errors?: unknown };
  if (Array.isArray(errors) && errors.length > 0) return errors.flatMap(codesOf);
  return typeof code === 'string' ? [code] : codesOf(cause);
}

/** The error of an answer that is none of success. A proxy in between may answer with something else than JSON. */
export function toApiError(status: number, text: string, retryAfterHeader: string | null): AngariumApiError {
  const { code, message, details, retryAfter } = parseError(text);
  const seconds = typeof retryAfter === 'number' ? retryAfter : secondsOf(retryAfterHeader);
  return new AngariumApiError(
    typeof code === 'string' ? code : `HTTP_${status}`,
    status,
    typeof message === 'string' ? message : `The answer had status ${status} and no error of the broker. Look what stands between this client and the broker.`,
    details,
    seconds,
  );
}

function parseError(text: string): { code?: unknown; message?: unknown; details?: unknown; retryAfter?: unknown } {
  try {
    const body = JSON.parse(text) as unknown;
    return typeof body === 'object' && body !== null ? body : {};
  } catch {
    return {}; // not JSON, so not of the broker: the status says all there is
  }
}

/** Retry-After holds seconds or a date. */
function secondsOf(header: string | null): number | undefined {
  if (header === null) return undefined;
  if (/^\d+$/.test(header)) return Number(header);
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - Date.now()) / 1000));
}
