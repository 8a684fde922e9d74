import { silentLogger } from '@angarium/observability';
import { startPostgres, stopAfterTests } from '@angarium/testing';
import { toBinaryArray, type ElementType } from './binary-array.js';
import { openSql, type Sql } from './sql.js';

let sql: Sql;
beforeAll(async () => {
  const { url } = await startPostgres();
  sql = openSql({ url, logger: silentLogger });
});
afterAll(() => sql.end());
stopAfterTests(); // below, as it stops Postgres

const read = async (type: ElementType, values: Parameters<typeof toBinaryArray>[1]) => {
  const rows = await sql.query<{ text: string | null }>(`SELECT x::text AS text FROM unnest($1::${type}[]) WITH ORDINALITY AS u(x, nth) ORDER BY nth`, [toBinaryArray(type, values)]);
  return rows.map(({ text }) => text);
};

describe('an array in the binary form', () => {
  const texts = ['', 'plain', '{"a":[1,2]}', 'NULL', '"\\,{}', 'ä€😀', '\u007f\n\t', 'x'.repeat(70_000), null];
  it('of texts arrives as it was, whatever is in them', async () => expect(await read('text', texts)).toEqual(texts));

  it('of UUIDs takes either case', async () => {
    const ids = ['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff', '01A1fcb7-8ea9-770d-b740-1a9634a465e1', null];
    expect(await read('uuid', ids)).toEqual(ids.map((id) => id?.toLowerCase() ?? null));
  });

  it('of numbers keeps their sign and size', async () => {
    const ints = [0, 1, -1, 2_147_483_647, -2_147_483_648, null];
    expect(await read('int', ints)).toEqual(ints.map((it) => it?.toString() ?? null));
    const bigs = [0, 1, -1, 2 ** 31, 2 ** 32, -(2 ** 32), -(2 ** 32) - 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, null];
    expect(await read('bigint', bigs)).toEqual(bigs.map((it) => it?.toString() ?? null));
  });

  it('of times keeps the millisecond, before and after the year 2000', async () => {
    const times = ['1969-12-31T23:59:59.999Z', '1999-12-31T23:59:59.999Z', '2000-01-01T00:00:00.000Z', '2026-11-21T06:07:30.646Z', '9999-12-31T00:00:00.001Z'];
    const rows = await sql.query<{ time: Date }>('SELECT unnest($1::timestamptz[]) AS time', [toBinaryArray('timestamptz', times.map((it) => new Date(it)))]);
    expect(rows.map(({ time }) => time.toISOString())).toEqual(times);
  });

  it('may be empty', async () => expect(await read('text', [])).toEqual([]));

  it.each<[ElementType, string | number]>([['uuid', 'no'], ['uuid', '01a1fcb7-8ea9-770d-b740-1a9634a465eg'], ['uuid', '01a1fcb78ea9770db7401a9634a465e100'], ['bigint', 0.5], ['int', 2 ** 31]])(
    'of %s does not take %p',
    (type, value) => expect(() => toBinaryArray(type, [value])).toThrow(/is no UUID|cannot be converted to a BigInt|out of range/),
  );
});
