import { AngariumApiError, AngariumConnectionError } from '../angarium-api-error.js';

/** Whether a failure ends by itself, so that a consumer waits for it; anything else needs a person ("no such subscription"). Pure. */
export function isPassing(error: unknown): boolean {
  if (error instanceof AngariumConnectionError) return true;
  return error instanceof AngariumApiError && (error.status >= 500 || error.status === 429 || error.retryAfter !== undefined);
}
