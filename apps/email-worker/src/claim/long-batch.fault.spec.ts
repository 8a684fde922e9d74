import { stopAfterTests, waitFor } from '@angarium/testing';
import { startWorkerGround, type WorkerGround } from '../testing/start-worker.js';
import type { BatchResult } from './send-batch-email.handler.js';
import { uuidV7 } from './uuid-v7.js';

/** Of the workers of this file, QUEUE_LOCK_MS. */
const LOCK_MS = 1_000;
const COUNT = 60;

let ground: WorkerGround;
beforeAll(async () => {
  // 15 mails at once and then 15 a second: three seconds, or as many locks one after the other
  ground = await startWorkerGround({ QUEUE_LOCK_MS: String(LOCK_MS), EMAIL_PROVIDER_RATE: '15' });
});
afterAll(() => ground.close());
stopAfterTests();

describe('a batch that takes longer than the lock of its job', () => {
  it('stays with its worker as long as that lives: another one does not take it over, and everybody gets one mail', async () => {
    const first = await ground.start('email-worker');
    const run = uuidV7();
    const addresses = Array.from({ length: COUNT }, (_, at) => `${at}-${run}@example.com`);
    const { jobId } = await ground.queues.sendBatchEmail(addresses.map((to) => ({ to, subject: 'News', text: 'of today' })));
    await waitFor(() => ground.inbox.count > 0, { what: 'the first mail' });
    const begun = performance.now();
    const second = await ground.start('email-worker.2');
    const job = await ground.ended(jobId);
    expect(performance.now() - begun).toBeGreaterThan(2 * LOCK_MS);
    expect(job.returnvalue as BatchResult).toMatchObject({ total: COUNT, sent: COUNT });
    // begun once, not ended once: who takes it over ends it as well
    expect([job.attemptsStarted, job.attemptsMade, job.stalledCounter]).toEqual([1, 1, 0]);
    expect(first.output()).not.toContain('not heard of');
    expect(second.output()).not.toMatch(new RegExp(`not heard of|${jobId}`));
    expect((await ground.inbox.messages()).map(({ To }) => To[0]?.Address).sort()).toEqual([...addresses].sort());
    // the other one was there for jobs all the time
    await first.kill();
    const next = await ground.queues.sendEmail({ to: `next-${run}@example.com`, subject: 'Hello', text: 'Hello' });
    expect(await (await ground.ended(next.jobId)).getState()).toBe('completed');
  });
});
