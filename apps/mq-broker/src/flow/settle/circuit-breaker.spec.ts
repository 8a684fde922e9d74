import fc from 'fast-check';
import {
  BREAKER_FAILED_SHARE,
  BREAKER_LONGEST_OPEN_MS,
  BREAKER_MIN_ATTEMPTS,
  BREAKER_SLOT_MS,
  BREAKER_WINDOW_MS,
  CLOSED_BREAKER,
  FAILING_FOR_MS,
  FAILING_SPAN_MS,
  inFlightLimit,
  judgeFailing,
  stepBreaker,
  type Breaker,
  type BreakerEvent,
} from './circuit-breaker.js';

const run = (events: readonly BreakerEvent[], from: Breaker = CLOSED_BREAKER) => events.reduce(stepBreaker, from);
const failures = (count: number, atMs = 0): BreakerEvent[] => Array.from({ length: count }, () => ({ type: 'failure', atMs }));
const successes = (count: number, atMs = 0): BreakerEvent[] => Array.from({ length: count }, () => ({ type: 'success', atMs }));

describe('the circuit breaker of a subscription', () => {
  it('opens for 30 s at the tenth attempt of which seven in ten failed', () => {
    expect(run(failures(9)).status).toBe('closed');
    expect(run(failures(10, 500))).toEqual({ status: 'open', untilMs: 30_500, tripCount: 1 });
    expect(run([...successes(3), ...failures(7)]).status).toBe('open');
    expect(run([...successes(4), ...failures(9)]).status).toBe('closed');
  });

  it('forgets what is older than five minutes', () => {
    expect(run([...failures(9, 0), ...failures(1, BREAKER_WINDOW_MS)]).status).toBe('closed');
    expect(run([...failures(9, 0), ...failures(1, BREAKER_WINDOW_MS - 1)]).status).toBe('open');
  });

  it('forgets nothing because a clock went back', () => {
    expect(run([...failures(9, 120_000), ...failures(1, 0)])).toEqual({ status: 'open', untilMs: 30_000, tripCount: 1 });
  });

  it('lets nothing through while it is open, and then one at a time', () => {
    const open = run(failures(10));
    expect([0, 29_999, 30_000].map((nowMs) => inFlightLimit(open, nowMs))).toEqual([0, 0, 1]);
    const halfOpen = stepBreaker(open, { type: 'tick', atMs: 30_000 });
    expect(halfOpen).toEqual({ status: 'half-open', tripCount: 1 });
    expect(inFlightLimit(halfOpen, 30_000)).toBe(1);
    expect(inFlightLimit(CLOSED_BREAKER, 0)).toBe(Infinity);
  });

  it('stays open for twice as long each time the one that is let through fails, and never for more than an hour', () => {
    let breaker = run(failures(10));
    const openMs: number[] = [];
    for (let atMs = 30_000; openMs.length < 9; atMs += openMs.at(-1)!) {
      breaker = stepBreaker(breaker, { type: 'failure', atMs });
      openMs.push(breaker.status === 'open' ? breaker.untilMs - atMs : NaN);
    }
    expect(openMs.map((ms) => ms / 60_000)).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
  });

  it('begins at 30 s again after a success', () => {
    const tripped = run([{ type: 'failure', atMs: 30_000 }], run(failures(10)));
    const closed = stepBreaker(tripped, { type: 'success', atMs: 90_000 });
    expect(closed).toEqual({ status: 'closed', slots: [] });
    expect(run(failures(10, 100_000), closed)).toEqual({ status: 'open', untilMs: 130_000, tripCount: 1 });
  });

  it('learns nothing from attempts that began before it opened and fail now', () => {
    const open = run(failures(10));
    expect(run(failures(5, 29_999), open)).toBe(open);
  });

  it('says by the same object that nothing changed, so nobody writes it', () => {
    const open = run(failures(10));
    expect(stepBreaker(open, { type: 'tick', atMs: 29_999 })).toBe(open);
    expect(stepBreaker(CLOSED_BREAKER, { type: 'tick', atMs: 5 })).toBe(CLOSED_BREAKER);
  });
});

describe('any course of a breaker', () => {
  // Failures prevail, or it would hardly ever open.
  const type = fc.constantFrom<BreakerEvent['type']>('failure', 'failure', 'failure', 'failure', 'success', 'tick');
  const steps = fc.constantFrom(1_000, 20_000, 60_000, 2 * BREAKER_LONGEST_OPEN_MS).chain((paceMs) => {
    return fc.array(fc.record({ type, passedMs: fc.oneof(fc.integer({ min: 0, max: 1_000 }), fc.integer({ min: 0, max: paceMs })) }), { minLength: 20, maxLength: 80 });
  });
  const courses = steps.map((course) => {
    let atMs = 1_700_000_000_000;
    return course.map(({ type, passedMs }): BreakerEvent => ({ type, atMs: (atMs += passedMs) }));
  });
  const walk = (events: readonly BreakerEvent[], check: (before: Breaker, event: BreakerEvent, after: Breaker) => void) => {
    let breaker: Breaker = CLOSED_BREAKER;
    for (const event of events) {
      const after = stepBreaker(breaker, event);
      check(breaker, event, after);
      breaker = after;
    }
    return breaker;
  };
  const slotOf = (atMs: number) => Math.floor(atMs / BREAKER_SLOT_MS) * BREAKER_SLOT_MS;

  it('leads from closed to open by the rule, and to nothing else', () => {
    let openCount = 0;
    fc.assert(
      fc.property(courses, (events) => {
        let seen: BreakerEvent[] = [];
        walk(events, (before, event, after) => {
          if (before.status !== 'closed') return void (seen = []);
          if (event.type !== 'tick') seen.push(event);
          const recent = seen.filter(({ atMs }) => slotOf(atMs) > slotOf(event.atMs) - BREAKER_WINDOW_MS);
          const failed = recent.filter(({ type }) => type === 'failure').length;
          const isRule = event.type === 'failure' && recent.length >= BREAKER_MIN_ATTEMPTS && failed / recent.length >= BREAKER_FAILED_SHARE;
          expect(after.status).toBe(isRule ? 'open' : 'closed');
          openCount += isRule ? 1 : 0;
        });
      }),
    );
    expect(openCount).toBeGreaterThan(10);
  });

  it('lets nothing through before the time of an open breaker, and holds back a closed one never', () => {
    fc.assert(
      fc.property(courses, fc.integer({ min: 0, max: BREAKER_LONGEST_OPEN_MS }), (events, laterMs) => {
        walk(events, (_before, { atMs }, after) => {
          const limit = inFlightLimit(after, atMs + laterMs);
          if (after.status === 'closed') expect(limit).toBe(Infinity);
          else expect(limit).toBe(after.status === 'open' && atMs + laterMs < after.untilMs ? 0 : 1);
        });
      }),
    );
  });

  it('is closed after a success, whatever came before', () => {
    fc.assert(
      fc.property(courses, fc.integer({ min: 0, max: 10_000_000 }), (events, passedMs) => {
        const atMs = (events.at(-1)?.atMs ?? 0) + passedMs;
        return stepBreaker(run(events), { type: 'success', atMs }).status === 'closed';
      }),
    );
  });

  it('is never open for longer than an hour, and then lets one through', () => {
    fc.assert(
      fc.property(courses, (events) => {
        walk(events, (_before, { atMs }, after) => expect(inFlightLimit(after, atMs + BREAKER_LONGEST_OPEN_MS)).toBeGreaterThan(0));
      }),
    );
  });

  it('keeps a state of bounded size, even with a clock that jumps', () => {
    const jumping = fc.array(fc.record({ type, atMs: fc.integer({ min: 0, max: 10 * BREAKER_WINDOW_MS }) }), { minLength: 50, maxLength: 300 });
    fc.assert(
      fc.property(jumping, (events) => {
        const breaker = run(events);
        const slots = breaker.status === 'closed' ? breaker.slots.map(({ startMs }) => startMs) : [];
        expect(slots.length).toBeLessThanOrEqual(BREAKER_WINDOW_MS / BREAKER_SLOT_MS);
        expect(slots).toEqual([...new Set(slots)].sort((a, b) => a - b));
      }),
    );
  });
});

describe('the judgement that a subscription fails', () => {
  const judge = (failingSinceMs: number | null, lastFailureMs: number | null, nowMs: number) => judgeFailing({ failingSinceMs, lastFailureMs, nowMs });

  it('needs five days without success, and failures twelve hours apart', () => {
    expect(judge(0, FAILING_FOR_MS, FAILING_FOR_MS)).toBe(true);
    expect(judge(0, FAILING_FOR_MS - 1, FAILING_FOR_MS - 1)).toBe(false);
    expect(judge(0, FAILING_SPAN_MS, FAILING_FOR_MS)).toBe(true);
    expect(judge(0, FAILING_SPAN_MS - 1, 10 * FAILING_FOR_MS)).toBe(false);
  });

  it('spares one that succeeded last, and one that never failed', () => {
    expect([judge(null, FAILING_FOR_MS, 2 * FAILING_FOR_MS), judge(0, null, FAILING_FOR_MS)]).toEqual([false, false]);
  });
});
