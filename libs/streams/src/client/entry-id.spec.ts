import { compareIds, parseEntryId, timeOfId } from './entry-id.js';

describe('entry ids', () => {
  it('are ordered by their two numbers, not by their text, also beyond 2^53', () => {
    const sorted = ['0-0', '9-5', '10-0', '10-9', '10-10', '9007199254740992-0', '9007199254740993-0', '9007199254740993-18446744073709551614', '9007199254740993-18446744073709551615'];
    expect(sorted.toReversed().toSorted(compareIds)).toEqual(sorted);
    expect(compareIds('5-5', '5-5')).toBe(0);
  });

  it('have a full form that short and padded ones are brought to', () => {
    expect(['0', '1000', '0001000-007', '5-1'].map((it) => parseEntryId(it, 'id'))).toEqual(['0-0', '1000-0', '1000-7', '5-1']);
  });

  it('are refused when they are none, naming the argument', () => {
    for (const text of ['', '-', '$', '1-', '-1', '1-2-3', '1.5', '1e3', ' 1', '1-*']) expect(() => parseEntryId(text, 'startId')).toThrow(/^startId is no entry id/);
  });

  it('tell when Redis made them', () => {
    expect(timeOfId('1700000000000-7')).toBe(1_700_000_000_000);
  });
});
