import fc from 'fast-check';
import { SLOT_COUNT, SLOT_MS, SlidingWindow } from './sliding-window.js';
import { countKinds } from './window-totals.js';

const published = (window: SlidingWindow, now: number) => window.totals(now).counts[countKinds.indexOf('published')];
const windowMs = SLOT_COUNT * SLOT_MS;

describe('a sliding window', () => {
  it('counts what happened in the slots of the last five minutes and nothing else', () => {
    const steps = fc.array(fc.record({ waitMs: fc.oneof(fc.nat(3_000), fc.nat(4 * windowMs)), count: fc.integer({ min: 1, max: 50 }) }), { maxLength: 60 });
    fc.assert(
      fc.property(fc.nat(1_000_000), steps, (startedAt, given) => {
        const window = new SlidingWindow(startedAt, { hasLatencies: false });
        const happened: { at: number; count: number }[] = [];
        let now = startedAt;
        for (const { waitMs, count } of given) {
          now += waitMs;
          window.add('published', count, now);
          happened.push({ at: now, count });
          const oldestSlot = Math.floor(now / SLOT_MS) - SLOT_COUNT + 1;
          const expected = happened.filter(({ at }) => Math.floor(at / SLOT_MS) >= oldestSlot).reduce((sum, it) => sum + it.count, 0);
          expect(published(window, now)).toBe(expected);
        }
      }),
    );
  });

  it('forgets everything after five minutes of silence', () => {
    const window = new SlidingWindow(0, { hasLatencies: true });
    window.add('delivered', 3, 1_000);
    window.addLatency(12, 1_000);
    expect(window.isIdle(windowMs - 1)).toBe(false);
    expect(window.isIdle(windowMs + SLOT_MS)).toBe(true);
    expect(window.totals(windowMs + SLOT_MS)).toMatchObject({ latencySumMs: 0, latencies: new Map() });
  });

  it('covers the time since its start, and never more than five minutes', () => {
    const window = new SlidingWindow(5_000, { hasLatencies: false });
    expect(window.totals(25_000).coveredMs).toBe(20_000);
    expect(window.totals(10 * windowMs + 4_000).coveredMs).toBe(windowMs - SLOT_MS + 4_000);
  });

  it('is not spoilt by a latency that is no number or below nothing', () => {
    const window = new SlidingWindow(0, { hasLatencies: true });
    window.addLatency(Number.NaN, 1);
    window.addLatency(-20, 1);
    window.addLatency(8, 1);
    expect(window.totals(1).latencySumMs).toBe(8);
  });
});
