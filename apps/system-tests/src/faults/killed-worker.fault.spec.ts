import { stopAfterTests, waitFor } from '@angarium/testing';
import pg from 'pg';
import { emailOf, mailsByAddress, startSystem, waitForMails, type System } from '../harness/start-system.js';

const USERS = 200;

stopAfterTests();
let system: System;
beforeAll(async () => {
  system = await startSystem({ replicas: { 'email-worker': 3 }, env: { EMAIL_WORKER_CONCURRENCY: '10' } });
});

async function sentInLedger(): Promise<number> {
  const client = new pg.Client({ connectionString: system.databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ count: string }>(`SELECT count(*) FROM email.email_deliveries WHERE status = 'sent'`);
    return Number(rows[0]?.count);
  } finally {
    await client.end();
  }
}

describe('one of three email workers killed in the middle of 200 registrations', () => {
  it('200 users get exactly one mail each, those it held within 5 s of the kill', async () => {
    const victim = system.services.find(({ name }) => name === 'email-worker.2');
    const numbers = Array.from({ length: USERS }, (_, n) => n);
    const registered: number[] = [];
    const registering = (async () => {
      for (let at = 0; at < USERS; at += 10) await Promise.all(numbers.slice(at, at + 10).map((n) => system.register(n).then(() => registered.push(n))));
    })();
    await waitFor(() => system.inbox.count >= 40, { what: 'the first mails' });
    // The mail server stops accepting, so that every worker holds mails whose end is open, and what was accepted gets into the ledger:
    // a kill between "250" and the ledger would be the one case in which a mail may come twice (with one Message-ID).
    system.inbox.hold();
    await waitFor(() => system.inbox.waiting === 30, { what: 'ten mails of each worker to wait for the mail server' });
    await waitFor(async () => (await sentInLedger()) === system.inbox.count, { what: 'the ledger to know what was accepted' });
    const before = await mailsByAddress(system.inbox);
    await victim?.kill('SIGKILL');
    const killedAt = performance.now();
    await waitFor(() => system.inbox.waiting === 20, { what: 'the mail server to notice that one is gone' });
    system.inbox.release();
    // every user registered before the kill is among those whose mail was open then
    const open = registered.filter((n) => !before.has(emailOf(n)));
    await waitForMails(system.inbox, open.map(emailOf), 30_000);
    const tookMs = performance.now() - killedAt;
    await registering;
    await waitForMails(system.inbox, numbers.map(emailOf), 30_000);
    const counts = [...(await mailsByAddress(system.inbox)).values()];
    console.info({ users: USERS, mails: system.inbox.count, openAtKill: open.length, openDoneMs: Math.round(tookMs) });
    expect(counts).toHaveLength(USERS);
    expect(counts.every((count) => count === 1)).toBe(true);
    expect(tookMs).toBeLessThan(5_000);
    expect(system.services.filter((service) => !service.isRunning()).map(({ name }) => name)).toEqual(['email-worker.2']);
  });
});
