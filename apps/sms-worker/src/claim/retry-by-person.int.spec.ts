import { SmsFailed, SmsSent } from '@angarium/contracts';
import { stopAfterTests, waitFor } from '@angarium/testing';
import type { Job } from 'bullmq';
import { someKey, somePhone, startSmsGround, type SmsGround } from '../testing/sms-ground.js';

let ground: SmsGround;

beforeAll(async () => {
  ground = await startSmsGround({ SMS_MAX_WAIT_MS: '1000', SMS_RECONCILE_TRIES: '1' });
  await ground.startWorker();
});
afterEach(() => ground.provider.reset());
afterAll(() => ground.close());

// below the hook above, so that the clients are closed before their servers
stopAfterTests();

const message = 'Your order has been shipped';
const rowOf = (idempotencyKey: string) => ground.ledger.smsDelivery.findFirstOrThrow({ where: { idempotencyKey } });
const countOf = async (contract: typeof SmsSent | typeof SmsFailed, idempotencyKey: string) => (await ground.eventsOf(contract)).filter((it) => it.idempotencyKey === idempotencyKey).length;
const ordered = async (phone: string | string[], idempotencyKey = someKey()) => {
  const { jobId } = await ground.queues.sendSms({ phone, message }, { idempotencyKey });
  return { idempotencyKey, jobId, ...(await ground.ended(jobId)) };
};
/** What an operator's POST /queues/sms/jobs/:id/retry does, and how it ends. */
const retried = async (jobId: string, attemptsMade: number) => {
  await ground.queues.retryJob('sms', jobId);
  await waitFor(async () => ((await ground.queues.openQueue('sms').getJob(jobId)) as Job | undefined)?.attemptsMade === attemptsMade, { what: `attempt ${attemptsMade} of the job` });
  return ground.ended(jobId);
};

describe('a job that a person retries', () => {
  it('sends the SMS that was refused for good, once, by the provider that refused it', async () => {
    const phone = somePhone();
    ground.provider.behave(phone, { refuse: 21610 });
    const { idempotencyKey, jobId, failure } = await ordered(phone);
    expect(failure).toMatch(/SMS_REJECTED/);
    ground.provider.reset();
    expect(await retried(jobId, 2)).toMatchObject({ result: { sms: [{ status: 'sent', provider: 'twilio' }] } });
    expect(ground.provider.takenBy(phone)).toHaveLength(1);
    expect(await rowOf(idempotencyKey)).toMatchObject({ status: 'sent', attempts: 2, sends: 2, refusedBy: [] });
    await waitFor(async () => (await countOf(SmsSent, idempotencyKey)) === 1, { what: 'sms.sent' });
    expect(await countOf(SmsFailed, idempotencyKey)).toBe(1);
  });

  it('that fails again is told of again, and may be retried as often as somebody likes', async () => {
    const phone = somePhone();
    ground.provider.behave(phone, { refuse: 21610 });
    const { idempotencyKey, jobId } = await ordered(phone);
    for (const attempt of [2, 3, 4, 5]) expect((await retried(jobId, attempt)).failure).toMatch(/SMS_REJECTED/);
    await waitFor(async () => (await countOf(SmsFailed, idempotencyKey)) === 5, { what: 'sms.failed of each' });
    ground.provider.reset();
    await retried(jobId, 6);
    expect(await rowOf(idempotencyKey)).toMatchObject({ status: 'sent', sends: 6 });
  });

  it('sends the SMS of which nobody knows once more, which nothing else does', async () => {
    const phone = somePhone();
    ground.provider.behave(phone, 'fail');
    const { idempotencyKey, jobId, failure } = await ordered(phone);
    expect(failure).toMatch(/SMS_OUTCOME_UNKNOWN/);
    ground.provider.reset();
    await retried(jobId, 2);
    expect(ground.provider.takenBy(phone)).toHaveLength(1);
    expect(await rowOf(idempotencyKey)).toMatchObject({ status: 'sent', sends: 2 });
  });

  it('gives an SMS that limits held back too long the whole time again', async () => {
    const phone = somePhone();
    await ordered(phone);
    const { idempotencyKey, jobId, failure } = await ordered(phone);
    expect(failure).toMatch(/SMS_LIMITED/);
    await forgetLimits();
    await ground.ledger.smsDelivery.updateMany({ where: { idempotencyKey }, data: { openedAt: new Date(Date.now() - 3_600_000) } });
    expect(await retried(jobId, 2)).toMatchObject({ result: { sms: [{ status: 'sent' }] } });
    expect((await rowOf(idempotencyKey)).openedAt.getTime()).toBeGreaterThan(Date.now() - 60_000);
  });

  it('of several phones sends to those that got nothing; of one that anybody got, nothing is left to retry', async () => {
    const phones = [somePhone(), somePhone()];
    phones.forEach((phone) => ground.provider.behave(phone, { refuse: 21610 }));
    const { idempotencyKey, jobId } = await ordered(phones);
    ground.provider.behave(phones[0]!, 'take');
    expect(await retried(jobId, 2)).toMatchObject({ result: { sms: [{ status: 'sent' }, { status: 'failed', code: 'SMS_REJECTED' }] } });
    expect(phones.map((phone) => ground.provider.takenBy(phone).length)).toEqual([1, 0]);
    await expect(ground.queues.retryJob('sms', jobId)).rejects.toMatchObject({ code: 'JOB_STATE_WRONG' });
    expect(await ground.ledger.smsDelivery.count({ where: { idempotencyKey } })).toBe(2);
  });

  it('sends a code that another service made', async () => {
    const phone = somePhone();
    ground.provider.behave(phone, { refuse: 21610 });
    const { jobId } = await ground.queues.sendVerificationCode(phone, '918273', 5);
    expect((await ground.ended(jobId)).failure).toMatch(/SMS_REJECTED/);
    ground.provider.reset();
    expect(await retried(jobId, 2)).toMatchObject({ result: { status: 'sent' } });
    expect(ground.provider.takenBy(phone)).toHaveLength(1);
  });
});

describe('a job that comes again by itself', () => {
  it('sends nothing of what was given up, though another of its phones is tried again', async () => {
    const [refused, slow] = [somePhone(), somePhone()];
    ground.provider.behave(refused, { refuse: 21610 });
    ground.provider.behave(slow, 'hold');
    // the job runs out of time while the provider is silent, which is a failure that counts
    const { jobId } = await ground.queues.sendSms({ phone: [refused, slow], message }, { idempotencyKey: someKey(), timeoutMs: 500 });
    await waitFor(() => ground.provider.heldCount === 1, { what: 'the SMS at the provider' });
    ground.provider.behave(refused, 'take');
    await waitFor(async () => ((await ground.queues.openQueue('sms').getJob(jobId)) as Job | undefined)?.attemptsMade === 1, { what: 'the job to run out of time' });
    ground.provider.release();
    expect(await ground.ended(jobId)).toMatchObject({ result: { sms: [{ status: 'failed', code: 'SMS_GIVEN_UP' }, { status: 'sent' }] } });
    expect([ground.provider.takenBy(refused).length, ground.provider.takenBy(slow).length]).toEqual([0, 1]);
  });
});

describe('a new job under the key of an SMS that failed', () => {
  it('sends nothing, and what a person retries afterwards does', async () => {
    const phone = somePhone();
    ground.provider.behave(phone, { refuse: 21610 });
    const first = await ordered(phone);
    ground.provider.reset();
    await ground.queues.removeJob('sms', first.jobId);
    const { jobId, failure } = await ordered(phone, first.idempotencyKey);
    expect(failure).toMatch(/SMS_GIVEN_UP/);
    expect(ground.provider.takenBy(phone)).toHaveLength(0);
    await retried(jobId, 2);
    expect(ground.provider.takenBy(phone)).toHaveLength(1);
  });
});

/** As if their time was over. */
async function forgetLimits(): Promise<void> {
  const keys = await ground.redis.keys('*sms:phone:*');
  expect(keys.length).toBeGreaterThan(0);
  await ground.redis.del(keys);
}
