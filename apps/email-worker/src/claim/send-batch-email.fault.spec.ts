import { stopAfterTests, waitFor } from '@angarium/testing';
import { startWorkerGround, type WorkerGround } from '../testing/start-worker.js';
import type { BatchResult } from './send-batch-email.handler.js';
import { uuidV7 } from './uuid-v7.js';

let ground: WorkerGround;
beforeAll(async () => {
  ground = await startWorkerGround();
});
afterEach(() => ground.inbox.resetFaults());
afterAll(() => ground.close());
stopAfterTests();

describe('a batch whose worker is killed in the middle', () => {
  it('is finished by another one: no mail is lost, and one that came twice kept its Message-ID', async () => {
    const first = await ground.start('email-worker');
    const run = uuidV7();
    const addresses = Array.from({ length: 200 }, (_, at) => `${at}-${run}@example.com`);
    const { jobId } = await ground.queues.sendBatchEmail(addresses.map((to) => ({ to, subject: 'News', text: 'of today' })));
    await waitFor(() => ground.inbox.count >= 40, { what: 'some mails to be out' });
    ground.inbox.hold();
    await waitFor(() => ground.inbox.waiting === 5, { what: 'the next ones to stand before their acceptance' });
    await first.kill();
    const outBefore = ground.inbox.count;
    await waitFor(() => ground.inbox.waiting === 0, { what: 'the mail server to see that its client died' });
    ground.inbox.release();
    const second = await ground.start('email-worker.2');
    const result = (await ground.ended(jobId)).returnvalue as BatchResult;
    expect(outBefore).toBeLessThan(addresses.length);
    expect(result).toMatchObject({ total: 200, sent: 200, failed: 0, unknown: 0 });
    const ids = new Map<string, string[]>();
    for (const { To, MessageID } of await ground.inbox.messages()) ids.set(To[0]!.Address, [...(ids.get(To[0]!.Address) ?? []), MessageID]);
    expect([...ids.keys()].sort()).toEqual([...addresses].sort());
    const twice = [...ids.values()].filter((it) => it.length > 1);
    // at most those that were between the server's 250 and the ledger
    expect(twice.length).toBeLessThanOrEqual(5);
    for (const messageIds of twice) expect(new Set(messageIds).size).toBe(1);
    await second.kill();
  });

  it('is handed over by a worker that is told to stop, and nothing is sent twice', async () => {
    // slow enough to be told in the middle
    const first = await ground.start('email-worker', { EMAIL_PROVIDER_RATE: '50' });
    const before = ground.inbox.count;
    const { jobId } = await ground.queues.sendBatchEmail(Array.from({ length: 300 }, () => ({ to: `${uuidV7()}@example.com`, subject: 'News', text: 'of today' })));
    await waitFor(() => ground.inbox.count > before + 20, { what: 'some mails to be out' });
    first.signal('SIGTERM');
    expect(await first.exited).toEqual({ code: 0, signal: null });
    expect(ground.inbox.count).toBeLessThan(before + 300);
    await ground.start('email-worker.2');
    const job = await ground.ended(jobId);
    expect(job.returnvalue as BatchResult).toMatchObject({ total: 300, sent: 300 });
    expect(job.attemptsMade).toBe(1);
    expect(ground.inbox.count).toBe(before + 300);
  });
});
