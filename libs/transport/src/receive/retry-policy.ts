import { AngariumError, type RetryVerdict } from '@angarium/errors';

export interface RetryPolicy {
  /** How often a handler is tried in all, outages of what it depends on not counted. */
  readonly maxAttempts: number;
  /** Pause after the first failure, in milliseconds; doubles with each. */
  readonly baseMs: number;
  readonly capMs: number;
}

export const defaultRetryPolicy: RetryPolicy = { maxAttempts: 5, baseMs: 200, capMs: 30_000 };

/** Longest pause while something the handler depends on is away: work goes on soon after it is back. */
const OUTAGE_CAP_MS = 2_000;

export type RetryDecision = { readonly action: 'retry'; readonly delayMs: number; readonly countsAsAttempt: boolean } | { readonly action: 'give-up' };

/**
 * What to do after a failure. `attempts` includes the one that just failed; `outages` are failures in a row that were nobody's fault here.
 * @param random between 0 and 1, spreads retries over ±20 % so that they do not come in step.
 */
export function decideRetry(error: unknown, attempts: number, outages: number, policy: RetryPolicy, random: number = Math.random()): RetryDecision {
  const verdict: RetryVerdict = error instanceof AngariumError ? error.retry : 'later';
  const jitter = 0.8 + 0.4 * random;
  const backoff = (count: number, cap: number) => Math.round(Math.min(cap, policy.baseMs * 2 ** Math.min(count, 30)) * jitter);
  if (verdict === 'never') return { action: 'give-up' };
  if (verdict === 'when-available') return { action: 'retry', delayMs: backoff(outages, OUTAGE_CAP_MS), countsAsAttempt: false };
  if (attempts >= policy.maxAttempts) return { action: 'give-up' };
  const asked = typeof verdict === 'object' ? verdict.afterMs : 0;
  return { action: 'retry', delayMs: Math.max(asked, backoff(attempts - 1, policy.capMs)), countsAsAttempt: true };
}
