import { nameCursor, timeCursor } from './page-cursor.js';

const id = '00000000-0000-0000-0000-000000000001';
const row = (name: string) => ({ name, id });
const page = (names: string[], limit: number) => nameCursor.pageOf(names.map(row), limit, (it) => [it.name, it.id], (it) => it.name);

function refusal(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

describe('a page', () => {
  it('has a cursor only when something follows it', () => {
    expect(page(['a', 'b'], 2)).toEqual({ items: ['a', 'b'], nextCursor: null });
    expect(page([], 2)).toEqual({ items: [], nextCursor: null });
    const { items, nextCursor } = page(['a', 'b', 'c'], 2);
    expect(items).toEqual(['a', 'b']);
    expect(nameCursor.decode(nextCursor!)).toEqual(['b', id]);
  });

  it('is the first one without a cursor', () => {
    expect(nameCursor.decode(undefined)).toBeUndefined();
  });

  const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  it.each([
    ['nonsense', '%%%'],
    ['no JSON', 'aGVsbG8'],
    ['too short', encoded(['a'])],
    ['with another type', encoded(['a', 7])],
    ['with no id', encoded(['a', 'b'])],
    ['an object', encoded({ name: 'a' })],
    ['of another list', encoded(['2026-01-01T00:00:00.000Z', 'x'])],
  ])('is refused when its cursor is %s', (_, cursor) => {
    expect(refusal(() => nameCursor.decode(cursor))).toMatchObject({ code: 'INVALID_INPUT', details: { faults: [{ path: 'cursor' }] } });
    expect(refusal(() => timeCursor.decode(cursor))).toMatchObject({ code: 'INVALID_INPUT' });
  });
});
