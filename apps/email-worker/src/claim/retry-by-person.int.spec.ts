import { EmailFailed, EmailSent } from '@angarium/contracts';
import { stopAfterTests, waitFor } from '@angarium/testing';
import { startWorkerGround, type WorkerGround } from '../testing/start-worker.js';
import { uuidV7 } from './uuid-v7.js';

let ground: WorkerGround;
beforeAll(async () => {
  ground = await startWorkerGround();
  await ground.start();
});
afterEach(() => ground.inbox.resetFaults());
afterAll(() => ground.close());
stopAfterTests();

const rowOf = (idempotencyKey: string) => ground.db.emailDelivery.findFirst({ where: { idempotencyKey } });

/** One mail that ended badly, and its job. */
async function ended(attempts = 3) {
  const [to, idempotencyKey] = [`${uuidV7()}@example.com`, uuidV7()];
  const order = { to, subject: 'Hello', text: 'Hello' };
  const send = async () => (await ground.queues.sendEmail(order, { idempotencyKey, attempts })).jobId;
  return { to, idempotencyKey, send };
}

describe('a job that a person retries', () => {
  it('sends the mail that was refused for good, once', async () => {
    const { to, idempotencyKey, send } = await ended();
    ground.inbox.refuse(to, 550, { times: 1 });
    const jobId = await send();
    await (await ground.ended(jobId)).retry('failed');
    expect(await (await ground.ended(jobId, 2)).getState()).toBe('completed');
    expect(await rowOf(idempotencyKey)).toMatchObject({ status: 'sent', attempts: 2 });
    expect(await ground.mailsTo(to)).toHaveLength(1);
    await waitFor(async () => (await ground.eventsOf(EmailSent, idempotencyKey)).length === 1, { what: 'email.sent' });
    expect(await ground.eventsOf(EmailFailed, idempotencyKey)).toHaveLength(1);
  });

  it('sends the mail whose outcome is unknown, under the Message-ID that it had', async () => {
    const { to, idempotencyKey, send } = await ended();
    ground.inbox.loseAnswer(1);
    const jobId = await send();
    const job = await ground.ended(jobId);
    expect(job.failedReason).toContain('EMAIL_OUTCOME_UNKNOWN');
    expect(job.attemptsMade).toBe(1);
    await job.retry('failed');
    await ground.ended(jobId, 2);
    const mails = await ground.mailsTo(to);
    expect(new Set(mails.map((it) => it.MessageID)).size).toBe(1);
    expect(mails).toHaveLength(2);
    expect(await rowOf(idempotencyKey)).toMatchObject({ status: 'sent' });
  });

  it('does not send what was sent', async () => {
    const { to, send } = await ended();
    const jobId = await send();
    await (await ground.ended(jobId)).retry('completed');
    await ground.ended(jobId, 2);
    expect(await ground.mailsTo(to)).toHaveLength(1);
  });

  it('is one whose attempts were used up, too; every further retry counts', async () => {
    const { to, idempotencyKey, send } = await ended(1);
    ground.inbox.refuse(to, 451, { times: 2 });
    const jobId = await send();
    await (await ground.ended(jobId, 1)).retry('failed');
    await (await ground.ended(jobId, 2)).retry('failed');
    expect(await (await ground.ended(jobId, 3)).getState()).toBe('completed');
    expect(await rowOf(idempotencyKey)).toMatchObject({ status: 'sent', attempts: 3 });
  });
});

describe('a new job under the key of a mail that failed', () => {
  it('sends nothing, and what a person retries afterwards does', async () => {
    const { to, idempotencyKey, send } = await ended();
    ground.inbox.refuse(to, 550, { times: 1 });
    await ground.ended(await send());
    await ground.jobs.remove(idempotencyKey);
    const jobId = await send();
    const job = await ground.ended(jobId);
    expect(job.failedReason).toContain('EMAIL_GIVEN_UP');
    await job.retry('failed');
    await ground.ended(jobId, 2);
    expect(await ground.mailsTo(to)).toHaveLength(1);
  });
});
