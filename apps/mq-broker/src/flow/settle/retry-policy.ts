import type { RetryPolicy } from '@angarium/contracts/broker-api';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** A receiver's Retry-After counts up to here: it must not park its messages for ever. */
export const MAX_RETRY_AFTER_MS = DAY_MS;
/** Shortest pause after a receiver said that it is overloaded and did not say for how long. */
export const MIN_THROTTLED_DELAY_MS = MINUTE_MS;

/** The ten attempts that Standard Webhooks suggests, over about three days; the first one is made at once and is not in the list. */
export const DEFAULT_WEBHOOK_RETRY: RetryPolicy = {
  kind: 'list',
  delaysMs: [5 * SECOND_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS, 5 * HOUR_MS, 10 * HOUR_MS, 14 * HOUR_MS, 20 * HOUR_MS, 24 * HOUR_MS],
  jitterPercent: 20,
};
export const DEFAULT_WEBHOOK_MAX_ATTEMPTS = 10;

export interface FailedAttempt {
  readonly policy: RetryPolicy;
  /** Attempts made so far, the failed one included: at least 1. */
  readonly attempts: number;
  readonly maxAttempts: number;
  readonly nowMs: number;
  /** From 0 to 1. */
  readonly random: number;
  /** What the receiver asked for, in milliseconds from now. Lengthens the pause up to 24 hours, and never shortens it. */
  readonly retryAfterMs?: number | undefined;
  /** The receiver is overloaded (429, 503, a timeout): wait a minute at least, unless it said itself how long. */
  readonly isThrottled?: boolean | undefined;
}
export type NextAttempt = { readonly kind: 'retry'; readonly atMs: number } | { readonly kind: 'dead' };

/** When a delivery that failed is tried again, or that it was the last time. `atMs` is never before `nowMs`. Pure. */
export function nextAttempt({ policy, attempts, maxAttempts, nowMs, random, retryAfterMs, isThrottled }: FailedAttempt): NextAttempt {
  if (attempts >= maxAttempts) return { kind: 'dead' };
  const spread = policy.jitterPercent / 100;
  const scheduledMs = baseDelay(policy, attempts) * (1 - spread + 2 * spread * random);
  const hasAsked = retryAfterMs !== undefined && !Number.isNaN(retryAfterMs);
  const floorMs = hasAsked ? Math.min(retryAfterMs, MAX_RETRY_AFTER_MS) : isThrottled ? MIN_THROTTLED_DELAY_MS : 0;
  // Spread upwards only: everything that one overloaded receiver turned away would else come back in the same instant.
  const delayMs = Math.max(scheduledMs, floorMs * (1 + spread * random));
  return { kind: 'retry', atMs: nowMs + Math.round(delayMs) };
}

function baseDelay(policy: RetryPolicy, attempts: number): number {
  if (policy.kind === 'list') return policy.delaysMs[Math.min(attempts, policy.delaysMs.length) - 1] ?? 0;
  // Zero times a factor that has grown to infinity would be no number.
  return policy.firstMs === 0 ? 0 : Math.min(policy.maxMs, policy.firstMs * policy.factor ** (attempts - 1));
}
