import { median, spread } from './statistics.js';

describe('statistics', () => {
  it('take the middle of an odd number and between the two middle ones of an even number, in any order', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([4, 1, 3, 100])).toBe(3.5);
    expect(median([])).toBeNaN();
  });

  it('show median, smallest and largest, and say where nothing counted', () => {
    expect(spread([2, 1, 30], (it) => `${it} s`)).toBe('2 s (1 s–30 s)');
    expect(spread([], String)).toBe('void');
  });
});
