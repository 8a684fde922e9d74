import fc from 'fast-check';
import { countSegments } from './count-segments.js';

describe('segments of an SMS', () => {
  it.each([
    ['a', 160, 1],
    ['a', 161, 2],
    ['a', 306, 2],
    ['a', 307, 3],
    ['€', 80, 1],
    ['€', 81, 2],
    // 153 septets hold 76 pairs: an escape is never cut from its letter
    ['€', 152, 2],
    ['€', 153, 3],
    ['你', 70, 1],
    ['你', 71, 2],
    ['你', 134, 2],
    ['你', 135, 3],
    // 67 units hold 33 pairs: a surrogate pair is never cut
    ['😀', 35, 1],
    ['😀', 36, 2],
    ['😀', 66, 2],
    ['😀', 67, 3],
  ])('%s × %i take %i', (character, times, count) => {
    expect(countSegments(character.repeat(times)).count).toBe(count);
  });

  it('one character outside of GSM-7 makes the whole text UCS-2', () => {
    expect(countSegments('a'.repeat(100))).toEqual({ encoding: 'gsm-7', count: 1 });
    expect(countSegments(`${'a'.repeat(100)}’`)).toEqual({ encoding: 'ucs-2', count: 2 });
  });

  it('are never fewer than the text needs, nor more than one lost unit a part explains', () => {
    const character = fc.oneof(fc.constantFrom('a', '€', '[', '你', '😀', '\n'), fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }));
    fc.assert(
      fc.property(fc.array(character, { maxLength: 400 }), (characters) => {
        const text = characters.join('');
        const { encoding, count } = countSegments(text);
        const units = encoding === 'ucs-2' ? text.length : [...text].reduce((sum, it) => sum + ('\f^{}\\[~]|€'.includes(it) ? 2 : 1), 0);
        const [alone, joined] = encoding === 'ucs-2' ? [70, 67] : [160, 153];
        if (units <= alone) return count === 1;
        return count >= Math.ceil(units / joined) && count <= Math.ceil(units / (joined - 1));
      }),
    );
  });
});
