import fc from 'fast-check';
import { bucketOf } from './latency-buckets.js';
import { combineTotals, countKinds, decodeTotals, encodeTotals, type WindowTotals } from './window-totals.js';

const totals = (given: Partial<Record<(typeof countKinds)[number], number>>, coveredMs: number, latencies: readonly number[] = []): WindowTotals => ({
  coveredMs,
  counts: countKinds.map((kind) => given[kind] ?? 0),
  latencySumMs: latencies.reduce((sum, ms) => sum + ms, 0),
  latencies: new Map(latencies.map((ms) => [bucketOf(ms), 1])),
});

describe('totals of replicas', () => {
  it('add up to rates, each over the time that its replica was there', () => {
    const { rates } = combineTotals([totals({ published: 300 }, 300_000), totals({ published: 100 }, 10_000)]);
    expect(rates.published).toBe(11);
  });

  it('tell the share of attempts that failed, over all replicas', () => {
    expect(combineTotals([totals({ delivered: 90 }, 60_000), totals({ failed: 30 }, 60_000)]).errorRate).toBe(0.25);
  });

  it('give percentiles of all latencies together and not a mean of percentiles', () => {
    const fast = totals({}, 60_000, [1, 2, 4, 8]);
    const slow = totals({}, 60_000, [1_000]);
    const { p95Ms, averageMs } = combineTotals([fast, slow]);
    expect(p95Ms).toBeGreaterThan(950);
    expect(averageMs).toBe(203);
  });

  it('are all zero where nobody saw anything', () => {
    expect(combineTotals([])).toEqual({ rates: { published: 0, delivered: 0, failed: 0, retried: 0, dead: 0, skipped: 0 }, errorRate: 0, averageMs: 0, p95Ms: 0, p99Ms: 0 });
  });

  it('do not explode in the first moment of a process', () => {
    expect(combineTotals([totals({ published: 5 }, 0)]).rates.published).toBe(5);
  });

  it('come through Redis as they were', () => {
    const some = totals({ published: 7, dead: 1 }, 12_345, [3, 700]);
    expect(decodeTotals(encodeTotals(some))).toEqual(some);
  });

  it('of another form are left out and break nothing', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void decodeTotals(text)));
    expect(decodeTotals('{"counts":[1]}')).toBeUndefined();
    expect(decodeTotals('[1,[2],"x",[]]')).toBeUndefined();
  });
});
