import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { isFree, startPostgres, type RunningServer } from '../index.js';

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('a PostgreSQL of our own', () => {
  let server: RunningServer;
  beforeAll(async () => {
    server = await startPostgres({ fsync: true });
  });
  afterAll(() => server.stop());

  it('answers at once and knows letters outside ASCII', async () => {
    expect(await query(server.url, `SELECT lower('ÄÖÜÉ') AS small`)).toEqual([{ small: 'äöüé' }]);
  });

  it('has all committed rows after a SIGKILL and a restart on the same port', async () => {
    await query(server.url, 'CREATE TABLE soup AS SELECT 7 AS bowls');
    const pid = server.pid;
    await server.kill();
    await server.restart();
    expect(await query(server.url, 'SELECT bowls FROM soup')).toEqual([{ bowls: 7 }]);
    expect(server.pid).not.toBe(pid);
  });

  it('lets several servers start at once', async () => {
    const others = await Promise.all([startPostgres(), startPostgres()]);
    const answers = await Promise.all(others.map((it) => query(it.url, 'SELECT 1 AS one')));
    expect(answers).toEqual([[{ one: 1 }], [{ one: 1 }]]);
    await Promise.all(others.map((it) => it.stop()));
    expect(await Promise.all(others.map((it) => isFree(it.port)))).toEqual([true, true]);
  });

  it('keeps the data of a folder of our own from one start to the next', async () => {
    const home = await mkdtemp(join(tmpdir(), 'angarium-kept-'));
    const dir = join(home, 'postgres');
    const first = await startPostgres({ dir });
    await query(first.url, 'CREATE TABLE kept AS SELECT 1 AS yes');
    await first.stop();
    expect(existsSync(dir)).toBe(true);
    const second = await startPostgres({ dir });
    expect(await query(second.url, 'SELECT yes FROM kept')).toEqual([{ yes: 1 }]);
    await second.stop();
    await rm(home, { recursive: true });
  });

  it('says why it does not start', async () => {
    await expect(startPostgres({ port: server.port })).rejects.toThrow(/Address already in use/);
    await expect(startPostgres({ settings: { no_such_setting: 1 } })).rejects.toThrow(/no_such_setting/);
    await expect(startPostgres({ dir: tmpdir() })).rejects.toThrow(/neither empty nor a PostgreSQL data folder/);
  });
});
