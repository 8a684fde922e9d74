import { stopAfterTests, waitFor } from '@angarium/testing';
import pg from 'pg';
import { mailsByAddress, startSystem, waitForMails, type Registered, type System } from '../harness/start-system.js';

stopAfterTests();
let system: System;
beforeAll(async () => {
  system = await startSystem({ isPostgresDurable: true, env: { DATABASE_TIMEOUT_MS: '2000' } });
});

async function query<T extends pg.QueryResultRow>(sql: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: system.databaseUrl });
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

// the load of a test ends with it, also when it fails
let isOver: boolean;
beforeEach(() => void (isOver = false));
afterEach(() => void (isOver = true));

describe('Postgres killed and restarted during registrations', () => {
  it('no user without its event, no event without its user, clear 503s meanwhile, and nothing needs a restart', async () => {
    const answers: { status: number; body: Registered & { code?: string; retryAfter?: number } }[] = [];
    let next = 0;
    const registering = Array.from({ length: 6 }, async () => {
      while (!isOver) {
        const n = next++;
        const answer = await system.post('/register', { email: `user-${n}@example.com`, username: `user-${n}`, password: 'correct horse battery' });
        answers.push({ status: answer.status, body: (await answer.json()) as Registered });
      }
    });
    const succeeded = () => answers.filter(({ status }) => status === 201);
    await waitFor(() => succeeded().length >= 20, { what: 'registrations' });
    await system.postgres.kill('SIGKILL');
    await waitFor(() => answers.some(({ status }) => status === 503), { what: 'a 503' });
    const ready = await fetch(`${system.gateway.url}/health/ready`);
    expect(ready.status).toBe(503);
    expect((await fetch(`${system.gateway.url}/health/live`)).status).toBe(200);
    await system.postgres.restart();
    const before = succeeded().length;
    await waitFor(() => succeeded().length >= before + 20, { what: 'registrations after the restart' });
    isOver = true;
    await Promise.all(registering);

    for (const { status, body } of answers) {
      expect([201, 503]).toContain(status);
      if (status === 503) expect(body).toMatchObject({ code: 'DATABASE_UNAVAILABLE', retryAfter: expect.any(Number) as number });
    }
    const users = await query<{ id: string; email: string }>('SELECT id, email FROM accounts.users');
    const stored = new Set(users.map(({ id }) => id));
    // whoever was told 201 is stored; somebody who was not told may be stored as well (the answer was lost), with an event all the same
    for (const { body } of succeeded()) expect(stored.has(body.userId)).toBe(true);
    await waitForMails(system.inbox, users.map(({ email }) => email));
    await waitFor(async () => (await query('SELECT 1 FROM accounts.outbox_events')).length === 0, { what: 'an empty outbox' });
    await waitFor(async () => (await query('SELECT 1 FROM tasks.profiles')).length === users.length, { what: 'a profile for every user' });
    const counts = await mailsByAddress(system.inbox);
    console.info({ attempted: answers.length, acknowledged: succeeded().length, users: users.length, mails: system.inbox.count });
    expect(counts.size).toBe(users.length);
    expect([...counts.values()].every((count) => count === 1)).toBe(true);
    // written by another handler than the profiles
    const auditsOf = () => query<{ count: string }>('SELECT count(*) FROM tasks.audit_records GROUP BY subject');
    await waitFor(async () => (await auditsOf()).length === users.length, { what: 'an audit record for every user' });
    const audits = await auditsOf();
    expect(audits.every(({ count }) => count === '1')).toBe(true);
    expect(system.services.every((service) => service.isRunning())).toBe(true);
  });
});
