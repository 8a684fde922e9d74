import { MAX_RETRY_DELAY_MS, retryPolicy, type RetryPolicy } from '@angarium/contracts/broker-api';
import fc from 'fast-check';
import {
  DEFAULT_WEBHOOK_MAX_ATTEMPTS,
  DEFAULT_WEBHOOK_RETRY,
  MAX_RETRY_AFTER_MS,
  MIN_THROTTLED_DELAY_MS,
  nextAttempt,
  type FailedAttempt,
} from './retry-policy.js';

const DAY_MS = 86_400_000;
const list: RetryPolicy = { kind: 'list', delaysMs: [1_000, 60_000], jitterPercent: 0 };
const failed = (change: Partial<FailedAttempt>): FailedAttempt => ({ policy: list, attempts: 1, maxAttempts: 100, nowMs: 0, random: 0.5, ...change });
/** The pause, or -1 where there is none because the delivery is dead. */
const delayOf = (change: Partial<FailedAttempt>) => {
  const it = failed(change);
  const next = nextAttempt(it);
  return next.kind === 'retry' ? next.atMs - it.nowMs : -1;
};

describe('the next attempt of a delivery', () => {
  it('follows the list, whose last pause repeats', () => {
    expect([1, 2, 3, 99].map((attempts) => delayOf({ attempts }))).toEqual([1_000, 60_000, 60_000, 60_000]);
  });

  it('grows by its factor up to the limit', () => {
    const policy: RetryPolicy = { kind: 'exponential', firstMs: 100, factor: 3, maxMs: 1_000, jitterPercent: 0 };
    expect([1, 2, 3, 4, 5_000].map((attempts) => delayOf({ policy, attempts, maxAttempts: 9_999 }))).toEqual([100, 300, 900, 1_000, 1_000]);
    expect(delayOf({ policy: { ...policy, firstMs: 0 }, attempts: 5_000, maxAttempts: 9_999 })).toBe(0);
  });

  it('is made ten times over three days for a webhook, unless its subscription says otherwise', () => {
    const delays = Array.from({ length: 10 }, (_, made) => delayOf({ policy: DEFAULT_WEBHOOK_RETRY, attempts: made + 1, maxAttempts: DEFAULT_WEBHOOK_MAX_ATTEMPTS }));
    const minutes = delays.slice(1, -1).map((delay) => delay / 60_000);
    expect([delays[0], minutes, delays.at(-1)]).toEqual([5_000, [5, 30, 120, 300, 600, 840, 1_200, 1_440], -1]);
  });

  it('waits for as long as the receiver asked, up to a day, and never shorter than planned', () => {
    expect(delayOf({ retryAfterMs: 90_000 })).toBe(90_000);
    expect(delayOf({ retryAfterMs: 30 * DAY_MS })).toBe(DAY_MS);
    expect(delayOf({ retryAfterMs: Infinity })).toBe(DAY_MS);
    expect(delayOf({ retryAfterMs: 0, attempts: 2 })).toBe(60_000);
    expect([-5, NaN].map((retryAfterMs) => delayOf({ retryAfterMs }))).toEqual([1_000, 1_000]);
  });

  it('waits a minute for an overloaded receiver that does not say how long, and else for as long as it says', () => {
    expect(delayOf({ isThrottled: true })).toBe(60_000);
    expect(delayOf({ isThrottled: true, retryAfterMs: 10_000 })).toBe(10_000);
    expect(delayOf({ isThrottled: true, policy: { ...list, delaysMs: [300_000] } })).toBe(300_000);
  });

  it('does not send everything that was turned away back in the same instant, and nothing before the time asked for', () => {
    const policy = { ...list, jitterPercent: 20 };
    expect([0, 0.5, 1].map((random) => delayOf({ policy, random, retryAfterMs: 100_000 }))).toEqual([100_000, 110_000, 120_000]);
    expect([0, 0.5, 1].map((random) => delayOf({ policy, random, isThrottled: true }))).toEqual([60_000, 66_000, 72_000]);
  });
});

describe('any policy', () => {
  const delay = fc.integer({ min: 0, max: MAX_RETRY_DELAY_MS });
  const jitterPercent = fc.integer({ min: 0, max: 50 });
  const policies: fc.Arbitrary<RetryPolicy> = fc.oneof(
    fc.record({ kind: fc.constant('list' as const), delaysMs: fc.array(delay, { minLength: 1, maxLength: 50 }), jitterPercent }),
    fc.record({ kind: fc.constant('exponential' as const), firstMs: delay, factor: fc.double({ min: 1, max: 10, noNaN: true }), maxMs: delay, jitterPercent }),
  );
  const random = fc.double({ min: 0, max: 1, noNaN: true });
  const nowMs = fc.integer({ min: 0, max: 4_000_000_000_000 });
  const plain = { policy: policies, attempts: fc.integer({ min: 1, max: 2_000 }), maxAttempts: fc.integer({ min: 1, max: 2_000 }), nowMs, random };
  const plainFailures = fc.record(plain);
  const failures = fc.record({ ...plain, retryAfterMs: fc.option(fc.double(), { nil: undefined }), isThrottled: fc.boolean() });

  it('passes the check, as the API would receive it', () => {
    fc.assert(fc.property(policies, (policy) => retryPolicy.safeParse(JSON.parse(JSON.stringify(policy))).success));
  });

  it('ends with the last attempt, and not before', () => {
    fc.assert(fc.property(failures, (it) => nextAttempt(it).kind === (it.attempts >= it.maxAttempts ? 'dead' : 'retry')));
  });

  it('never tries again before now, nor later than a week and its spread', () => {
    fc.assert(
      fc.property(failures, (it) => {
        const next = nextAttempt({ ...it, maxAttempts: it.attempts + 1 });
        const atMs = next.kind === 'retry' ? next.atMs : NaN;
        expect(atMs).toBeGreaterThanOrEqual(it.nowMs);
        expect(atMs - it.nowMs).toBeLessThanOrEqual(MAX_RETRY_DELAY_MS * 1.5);
      }),
    );
  });

  it('spreads a pause by its percentage and no further', () => {
    fc.assert(
      fc.property(plainFailures, (it) => {
        const middle = delayOf({ ...it, maxAttempts: Infinity, random: 0.5 });
        const spread = (middle * it.policy.jitterPercent) / 100 + 1;
        expect(Math.abs(delayOf({ ...it, maxAttempts: Infinity }) - middle)).toBeLessThanOrEqual(spread);
      }),
    );
  });

  it('only ever lengthens a pause for what the receiver says, and for an overload by at least a minute', () => {
    fc.assert(
      fc.property(plainFailures, fc.integer({ min: 0, max: 2 * DAY_MS }), (it, retryAfterMs) => {
        const plain = { ...it, maxAttempts: Infinity };
        const planned = delayOf(plain);
        expect(delayOf({ ...plain, retryAfterMs })).toBeGreaterThanOrEqual(Math.max(planned, Math.min(retryAfterMs, MAX_RETRY_AFTER_MS)));
        expect(delayOf({ ...plain, isThrottled: true })).toBeGreaterThanOrEqual(Math.max(planned, MIN_THROTTLED_DELAY_MS));
      }),
    );
  });

  it('never shortens an exponential pause from one attempt to the next', () => {
    fc.assert(
      fc.property(failures, (it) => {
        fc.pre(it.policy.kind === 'exponential');
        const same = { ...it, maxAttempts: Infinity };
        expect(delayOf({ ...same, attempts: it.attempts + 1 })).toBeGreaterThanOrEqual(delayOf(same));
      }),
    );
  });
});

describe('the check of a policy', () => {
  it('fills in what is left out', () => {
    expect(retryPolicy.parse({ kind: 'list', delaysMs: [0] })).toEqual({ kind: 'list', delaysMs: [0], jitterPercent: 20 });
    const policy = { kind: 'exponential', firstMs: 10, factor: 2, maxMs: DAY_MS, jitterPercent: 20 };
    expect(retryPolicy.parse({ kind: 'exponential', firstMs: 10 })).toEqual(policy);
  });

  it.each([
    [{ kind: 'list', delaysMs: [] }, ['delaysMs']],
    [{ kind: 'list', delaysMs: Array(51).fill(0) }, ['delaysMs']],
    [{ kind: 'list', delaysMs: [1, MAX_RETRY_DELAY_MS + 1] }, ['delaysMs', 1]],
    [{ kind: 'list', delaysMs: [-1] }, ['delaysMs', 0]],
    [{ kind: 'list', delaysMs: [1], jitterPercent: 51 }, ['jitterPercent']],
    [{ kind: 'list', delaysMs: [1], maxMs: 5 }, []],
    [{ kind: 'exponential', firstMs: 1, factor: 0.5 }, ['factor']],
    [{ kind: 'exponential', firstMs: 1, factor: 11 }, ['factor']],
    [{ kind: 'linear' }, ['kind']],
  ])('refuses %j at its place', (policy, path) => {
    expect(retryPolicy.safeParse(policy).error?.issues.map((issue) => issue.path)).toEqual([path]);
  });
});
