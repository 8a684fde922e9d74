import { inSlices } from './gathering.js';

describe('handing out what a batch brought', () => {
  it('calls for each, in order, and lets others have their turn in between', async () => {
    const seen: (number | 'another')[] = [];
    const all = Array.from({ length: 20 }, (_, n) => n);
    const handing = inSlices(all, (n) => void seen.push(n));
    setImmediate(() => seen.push('another'));
    await handing;
    expect(seen.filter((it) => it !== 'another')).toEqual(all);
    expect(seen.indexOf('another')).toBeGreaterThan(0);
    expect(seen.indexOf('another')).toBeLessThan(19);
  });

  it('of few does it at once', () => {
    const seen: number[] = [];
    void inSlices([1, 2, 3], (n) => void seen.push(n));
    expect(seen).toEqual([1, 2, 3]);
  });
});
