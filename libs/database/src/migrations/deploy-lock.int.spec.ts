import { startPostgres, stopAfterTests, waitFor } from '@angarium/testing';
import pg from 'pg';
import { withDeployLock } from './deploy-lock.js';

stopAfterTests();
let postgres: Awaited<ReturnType<typeof startPostgres>>;
beforeAll(async () => {
  postgres = await startPostgres();
});

const holder = `SELECT pid FROM pg_stat_activity WHERE application_name = 'angarium-migrate-lock'`;
async function sql(text: string): Promise<unknown[]> {
  const client = new pg.Client(postgres.url);
  await client.connect();
  const { rows } = await client.query<object>(text);
  await client.end();
  return rows;
}

describe('the lock of deployers', () => {
  it('lets one work at a time, however long it takes, and passes on after a failure', async () => {
    let [working, most] = [0, 0];
    const work = async () => {
      most = Math.max(most, ++working);
      await sql('SELECT pg_sleep(0.02)');
      working--;
      throw new Error('refused');
    };
    const outcomes = await Promise.allSettled(Array.from({ length: 6 }, () => withDeployLock(postgres.url, work)));
    for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: { message: 'refused' } });
    expect(most).toBe(1);
  });

  it('is told to whoever waited too long, with the way to end it', async () => {
    await withDeployLock(postgres.url, async () => {
      const second = withDeployLock(postgres.url, () => Promise.resolve('both'), 50);
      await expect(second).rejects.toMatchObject({ code: 'MIGRATION_LOCKED', message: expect.stringContaining('angarium-migrate-lock') as string });
    });
  });

  it('of a deployer whose session ended is free, and that deployer is told although its work went well', async () => {
    const first = withDeployLock(postgres.url, async () => {
      await sql(`SELECT pg_terminate_backend(pid) FROM (${holder}) AS held`);
      await waitFor(async () => (await sql(holder)).length === 0, { what: 'the session to end' });
      return withDeployLock(postgres.url, () => Promise.resolve('second works'));
    });
    await expect(first).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
  });
});
