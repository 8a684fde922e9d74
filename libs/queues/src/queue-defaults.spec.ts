import { smoothLimiter } from './queue-defaults.js';

describe('a smoothed limiter', () => {
  it.each([[100, 5], [1_000, 50], [20, 1], [10_000, 500]])('of %i a second is %i in 50 ms', (max, part) => {
    expect(smoothLimiter({ max, duration: 1_000 })).toEqual({ max: part, duration: 50 });
  });

  it('of less than one job in 50 ms is left as it is', () => {
    for (const max of [1, 10, 19]) expect(smoothLimiter({ max, duration: 1_000 })).toEqual({ max, duration: 1_000 });
  });

  it('is never above the rate that was given, and hardly below it', () => {
    for (let max = 20; max < 3_000; max += 7) {
      const { max: part, duration } = smoothLimiter({ max, duration: 1_000 });
      const rate = (part / duration) * 1_000;
      expect(rate).toBeLessThanOrEqual(max);
      expect(rate).toBeGreaterThan(max * 0.95);
      expect(duration).toBeLessThanOrEqual(100);
    }
  });
});
