import { EmailFailed, EmailSent, EmailSuppressed } from '@angarium/contracts';
import { startInbox, stopAfterTests, waitFor, type Service } from '@angarium/testing';
import { startWorkerGround, type WorkerGround } from '../testing/start-worker.js';
import type { BatchResult } from './send-batch-email.handler.js';
import { uuidV7 } from './uuid-v7.js';

let ground: WorkerGround;
let worker: Service;
beforeAll(async () => {
  ground = await startWorkerGround();
  worker = await ground.start();
});
afterEach(() => ground.inbox.resetFaults());
afterAll(() => ground.close());
stopAfterTests();

const mailTo = (to: string) => ({ to, subject: 'News', text: 'of today' });
const someAddress = () => `${uuidV7()}@example.com`;
const resultOf = async (jobId: string, afterAttempts?: number) => (await ground.ended(jobId, afterAttempts)).returnvalue as BatchResult;

describe('a batch of mails', () => {
  it('sends each once and says of each, without an address, what became of it; one that is refused spares the rest', async () => {
    const [good, bad, gone, other] = [someAddress(), someAddress(), someAddress(), someAddress()];
    ground.inbox.refuse(bad, 550);
    await ground.db.emailSuppression.create({ data: { tenant: 'system', addressKey: gone, reason: 'manual' } });
    const idempotencyKey = uuidV7();
    const { jobId } = await ground.queues.sendBatchEmail([good, bad, gone, other].map(mailTo), { idempotencyKey });
    const result = await resultOf(jobId);
    expect(result).toMatchObject({ total: 4, sent: 2, failed: 1, suppressed: 1, unknown: 0 });
    expect(result.results).toMatchObject([{ index: 0, status: 'sent' }, { index: 1, status: 'failed', code: 'EMAIL_REFUSED' }, { index: 2, status: 'suppressed' }, { index: 3, status: 'sent' }]);
    expect(JSON.stringify(result)).not.toContain('@');
    expect(await ground.mailsTo(good)).toHaveLength(1);
    expect(await ground.mailsTo(gone)).toHaveLength(0);
    await waitFor(async () => (await ground.eventsOf(EmailFailed, `${idempotencyKey}#1`)).length === 1, { what: 'email.failed' });
    await waitFor(async () => (await ground.eventsOf(EmailSuppressed, `${idempotencyKey}#2`)).length === 1, { what: 'email.suppressed' });
    await waitFor(async () => (await ground.eventsOf(EmailSent, `${idempotencyKey}#3`)).length === 1, { what: 'email.sent' });
    expect((await ground.jobs.getJob(jobId))?.progress).toBe(100);
  });

  it('comes again for those that were deferred, and leaves the others alone, the refused ones too', async () => {
    const [good, later, bad] = [someAddress(), someAddress(), someAddress()];
    ground.inbox.refuse(later, 451, { times: 1 });
    ground.inbox.refuse(bad, 550, { times: 1 });
    const idempotencyKey = uuidV7();
    const { jobId } = await ground.queues.sendBatchEmail([good, later, bad].map(mailTo), { idempotencyKey });
    expect(await resultOf(jobId, 2)).toMatchObject({ sent: 2, failed: 1 });
    expect(await Promise.all([good, later, bad].map(async (it) => (await ground.mailsTo(it)).length))).toEqual([1, 1, 0]);
    expect(await ground.eventsOf(EmailFailed, `${idempotencyKey}#2`)).toHaveLength(1);
  });

  it('fails on its last attempt what is still deferred, and completes', async () => {
    const [good, never] = [someAddress(), someAddress()];
    ground.inbox.refuse(never, 451);
    const { jobId } = await ground.queues.sendBatchEmail([good, never].map(mailTo), { attempts: 2 });
    expect(await resultOf(jobId, 2)).toMatchObject({ sent: 1, failed: 1, results: [{ status: 'sent' }, { status: 'failed', code: 'EMAIL_DEFERRED' }] });
  });

  it('is tried again for its failed mails when a person retries it, and sends nothing a second time', async () => {
    const [good, bad] = [someAddress(), someAddress()];
    ground.inbox.refuse(bad, 550, { times: 1 });
    const { jobId } = await ground.queues.sendBatchEmail([good, bad].map(mailTo));
    const job = await ground.ended(jobId);
    await job.retry('completed');
    expect(await resultOf(jobId, 2)).toMatchObject({ sent: 2, failed: 0 });
    expect(await Promise.all([good, bad].map(async (it) => (await ground.mailsTo(it)).length))).toEqual([1, 1]);
  });

  it('is put back at no attempt while the mail server is away, and goes on when it is back', async () => {
    await ground.inbox.stop();
    const { jobId } = await ground.queues.sendBatchEmail([someAddress(), someAddress()].map(mailTo), { attempts: 1 });
    await waitFor(() => worker.output().split('SMTP_UNAVAILABLE').length > 3, { what: 'three tries in vain' });
    const revived = await startInbox({ smtpPort: ground.inbox.smtpPort });
    expect(await resultOf(jobId)).toMatchObject({ sent: 2, failed: 0 });
    expect(revived.count).toBe(2);
    await revived.stop();
  });
});
