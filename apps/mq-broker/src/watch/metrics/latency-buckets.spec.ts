import fc from 'fast-check';
import { BUCKET_COUNT, bucketOf, latencyOf, percentile } from './latency-buckets.js';

const histogramOf = (values: readonly number[]) => {
  const found = new Map<number, number>();
  for (const value of values) found.set(bucketOf(value), (found.get(bucketOf(value)) ?? 0) + 1);
  return found;
};

describe('latency buckets', () => {
  it('read back any latency from a quarter of a millisecond to two days within 5 %', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.26, max: 172_800_000, noNaN: true }), (ms) => {
        expect(Math.abs(latencyOf(bucketOf(ms)) - ms) / ms).toBeLessThan(0.05);
      }),
    );
  });

  it('take any number, also one that is no latency', () => {
    fc.assert(
      fc.property(fc.double(), (ms) => {
        expect(bucketOf(ms)).toBeGreaterThanOrEqual(0);
        expect(bucketOf(ms)).toBeLessThan(BUCKET_COUNT);
      }),
    );
  });

  it('give the percentile that sorting all values gives, within 5 %', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0.3, max: 1_000_000, noNaN: true }), { minLength: 1, maxLength: 200 }), fc.constantFrom(0.5, 0.95, 0.99), (values, share) => {
        const exact = values.toSorted((a, b) => a - b)[Math.ceil(share * values.length) - 1]!;
        expect(Math.abs(percentile(histogramOf(values), share) - exact) / exact).toBeLessThan(0.05);
      }),
    );
  });

  it('give 0 where nothing was measured', () => {
    expect(percentile(new Map(), 0.95)).toBe(0);
  });
});
