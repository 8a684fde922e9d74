import pg from 'pg';
import { createTestDatabase, startPostgres, stopAfterTests, type RunningServer } from '../index.js';

stopAfterTests();
let server: RunningServer;
beforeAll(async () => {
  server = await startPostgres();
});

async function session(url: string, name = 'a test'): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: name });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = await session(url);
  return client.query<Record<string, unknown>>(sql).then(({ rows }) => rows).finally(() => client.end());
}
const tables = `SELECT count(*)::int AS n FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema')`;
const databases = `SELECT count(*)::int AS n FROM pg_database WHERE datname LIKE 'test_%'`;

describe('a test database', () => {
  it('has the tables of the migrations, and what is written to one is not in another', async () => {
    const [one, two] = await Promise.all([createTestDatabase(server), createTestDatabase(server)]);
    const [row] = await query(one.url, tables);
    expect(row!['n']).toBeGreaterThan(1); // Prisma's own and ours
    await query(one.url, 'CREATE TABLE soup AS SELECT 1');
    expect(await query(two.url, tables)).toEqual([row]);
    await Promise.all([one.drop(), two.drop()]);
  });

  it('is a copy, so that the migrations run once per server', async () => {
    await query(server.url.replace(/postgres$/, 'angarium_template'), 'CREATE TABLE made_in_template ()');
    const it = await createTestDatabase(server);
    expect(await query(it.url, `SELECT to_regclass('made_in_template') IS NOT NULL AS is_copied`)).toEqual([{ is_copied: true }]);
    await it.drop();
  });

  it('can be made by processes that do not know of each other', async () => {
    const all = await Promise.all([1, 2, 3].map(() => createTestDatabase({ url: server.url })));
    expect(new Set(all.map((it) => it.url)).size).toBe(3);
    await Promise.all(all.map((it) => it.drop()));
  });

  it('names who left a connection open, and is dropped all the same', async () => {
    const it = await createTestDatabase(server);
    const leak = await session(it.url, 'leaky-pool');
    await expect(it.drop()).rejects.toThrow(/1 connections .*leaky-pool idle/);
    expect(await query(server.url, databases)).toEqual([{ n: 0 }]);
    await it.drop();
    await leak.end();
  });

  it('is dropped at once when it may be in use', async () => {
    const it = await createTestDatabase(server);
    const user = await session(it.url);
    await it.drop({ mayBeInUse: true });
    expect(await query(server.url, databases)).toEqual([{ n: 0 }]);
    await user.end();
  });
});
