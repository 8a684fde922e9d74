import { AngariumApiError, AngariumConnectionError } from './angarium-api-error.js';

export interface RetryOptions {
  /** Tries in all, the first included. 1: never again. Default 6, which spans about three seconds. */
  readonly attempts?: number;
  /** Pause before the second try; doubled each time. Default 100. */
  readonly firstDelayMs?: number;
  /** Longest pause. A broker that asks for a longer one gets no further try. Default 10 000. */
  readonly maxDelayMs?: number;
  /** 0 to 1: how much of a pause is left to chance, so that clients do not come back all at once. Default 0.5. */
  readonly jitter?: number;
}

export type Retry = Required<RetryOptions>;

export function retryOf({ attempts = 6, firstDelayMs = 100, maxDelayMs = 10_000, jitter = 0.5 }: RetryOptions = {}): Retry {
  return { attempts, firstDelayMs, maxDelayMs, jitter };
}

/**
 * Whether a failed call can be made again. Pure.
 * @param isRepeatable carrying it out twice does no harm. Otherwise only what was certainly not carried out is repeated.
 */
export function mayRepeat(error: unknown, isRepeatable: boolean): boolean {
  if (error instanceof AngariumConnectionError) return isRepeatable || !error.isSent;
  if (!(error instanceof AngariumApiError)) return false;
  if (error.status === 429) return true;
  // the broker still works on the first call under this Idempotency-Key
  if (error.code === 'MQ_IDEMPOTENCY_IN_PROGRESS') return true;
  return isRepeatable && (error.status === 502 || error.status === 503 || error.status === 504);
}

/**
 * The pause before another try; undefined: there is none left, or the broker wants to be left alone for longer than we wait. Pure.
 * @param failedCount tries that failed so far, 1 after the first.
 * @param random 0 up to 1.
 */
export function pauseMs(error: unknown, failedCount: number, retry: Retry, random: number): number | undefined {
  if (failedCount >= retry.attempts) return undefined;
  const backoffMs = backoff(failedCount, retry, random);
  const wantedMs = error instanceof AngariumApiError && error.retryAfter !== undefined ? error.retryAfter * 1000 : 0;
  return wantedMs > retry.maxDelayMs ? undefined : Math.max(backoffMs, wantedMs);
}

/** Doubling pauses with jitter, without an end. Pure. */
export function backoff(failedCount: number, { firstDelayMs, maxDelayMs, jitter }: Retry, random: number): number {
  const fullMs = Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(failedCount - 1, 30));
  return Math.round(fullMs * (1 - jitter * random));
}

/** Resolves after a time, or at once when the signal aborts. Never rejects. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener('abort', end, { once: true });
  });
}
