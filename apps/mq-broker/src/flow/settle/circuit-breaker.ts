/*
 * A circuit breaker for each subscription, so that a dead receiver costs few attempts and its messages keep theirs.
 *
 *   closed ── too many failures ──▶ open ── its time is over ──▶ half-open ── a failure ──▶ open, for twice as long
 *      ▲                              │                              │
 *      └────────── a success ─────────┴──────────────────────────────┘
 *
 * Plain data and pure functions: the caller keeps the state in memory, and in Postgres what all replicas have to know (status, untilMs, tripCount).
 */
const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Attempts of the last five minutes are looked at. */
export const BREAKER_WINDOW_MS = 5 * MINUTE_MS;
/** Attempts are counted in slots of so long, so the window is exact to one of them and small whatever the load. */
export const BREAKER_SLOT_MS = 10 * SECOND_MS;
/** With fewer attempts in the window nothing is concluded. */
export const BREAKER_MIN_ATTEMPTS = 10;
/** Share of the attempts in the window that failed, from which on the breaker opens. */
export const BREAKER_FAILED_SHARE = 0.7;
export const BREAKER_FIRST_OPEN_MS = 30 * SECOND_MS;
export const BREAKER_LONGEST_OPEN_MS = HOUR_MS;

/** Without any success for so long a subscription is disabled … */
export const FAILING_FOR_MS = 5 * DAY_MS;
/** … if its failures lie that far apart: one failure, and then five days without a message, prove nothing. */
export const FAILING_SPAN_MS = 12 * HOUR_MS;

interface Slot {
  readonly startMs: number;
  readonly attempts: number;
  readonly failures: number;
}
export interface ClosedBreaker {
  readonly status: 'closed';
  /** Oldest first. */
  readonly slots: readonly Slot[];
}
export interface OpenBreaker {
  readonly status: 'open';
  readonly untilMs: number;
  /** How often it opened since the last success. */
  readonly tripCount: number;
}
export interface HalfOpenBreaker {
  readonly status: 'half-open';
  readonly tripCount: number;
}
export type Breaker = ClosedBreaker | OpenBreaker | HalfOpenBreaker;

/** `tick` tells nothing but the time. */
export interface BreakerEvent {
  readonly type: 'success' | 'failure' | 'tick';
  readonly atMs: number;
}

export const CLOSED_BREAKER: ClosedBreaker = { status: 'closed', slots: [] };

/** The state after an event; the same object if nothing changed. Only attempts that say something about the receiver count, not outages of ours. */
export function stepBreaker(before: Breaker, { type, atMs }: BreakerEvent): Breaker {
  const breaker: Breaker = before.status === 'open' && atMs >= before.untilMs ? { status: 'half-open', tripCount: before.tripCount } : before;
  if (type === 'tick') return breaker;
  if (breaker.status === 'closed') return countAttempt(breaker, type === 'failure', atMs);
  if (type === 'success') return CLOSED_BREAKER;
  // An attempt that began before the breaker opened tells nothing new.
  return breaker.status === 'open' ? breaker : trip(breaker.tripCount + 1, atMs);
}

/**
 * How many deliveries of the subscription may be in flight: any number (its own limit holds), none, or a single one that finds out. A limit and not
 * a permit that is handed out: a permit would be lost with the replica that held it.
 */
export function inFlightLimit(breaker: Breaker, nowMs: number): number {
  if (breaker.status === 'closed') return Infinity;
  return breaker.status === 'open' && nowMs < breaker.untilMs ? 0 : 1;
}

function countAttempt({ slots }: ClosedBreaker, isFailure: boolean, atMs: number): Breaker {
  // A clock that went back counts into the newest slot, so that slots stay in order.
  const startMs = Math.max(Math.floor(atMs / BREAKER_SLOT_MS) * BREAKER_SLOT_MS, slots.at(-1)?.startMs ?? -Infinity);
  const kept = slots.filter((slot) => slot.startMs > startMs - BREAKER_WINDOW_MS && slot.startMs < startMs);
  const current = slots.find((slot) => slot.startMs === startMs) ?? { startMs, attempts: 0, failures: 0 };
  const now = [...kept, { startMs, attempts: current.attempts + 1, failures: current.failures + (isFailure ? 1 : 0) }];
  const attempts = now.reduce((sum, slot) => sum + slot.attempts, 0);
  const failures = now.reduce((sum, slot) => sum + slot.failures, 0);
  const isTooMuch = isFailure && attempts >= BREAKER_MIN_ATTEMPTS && failures >= attempts * BREAKER_FAILED_SHARE;
  return isTooMuch ? trip(1, atMs) : { status: 'closed', slots: now };
}

function trip(tripCount: number, atMs: number): OpenBreaker {
  return { status: 'open', tripCount, untilMs: atMs + Math.min(BREAKER_LONGEST_OPEN_MS, BREAKER_FIRST_OPEN_MS * 2 ** (tripCount - 1)) };
}

export interface Failing {
  /** First failure since the last success; null if the last attempt succeeded. */
  readonly failingSinceMs: number | null;
  /** Asked upon a failure, give the one before it: with that failure itself two, five days apart, would be enough. */
  readonly lastFailureMs: number | null;
  readonly nowMs: number;
}

/** Whether a subscription failed for so long that it is disabled. Pure. */
export function judgeFailing({ failingSinceMs, lastFailureMs, nowMs }: Failing): boolean {
  if (failingSinceMs === null || lastFailureMs === null) return false;
  return nowMs - failingSinceMs >= FAILING_FOR_MS && lastFailureMs - failingSinceMs >= FAILING_SPAN_MS;
}
