import { StartVerification } from '@angarium/contracts';
import { stopAfterTests, waitFor } from '@angarium/testing';
import type { Job } from 'bullmq';
import { someKey, somePhone, startSmsGround, type SmsGround } from '../testing/sms-ground.js';

let ground: SmsGround;

beforeAll(async () => {
  ground = await startSmsGround();
  await ground.startWorker();
});
afterAll(() => ground.close());

// below the hook above, so that the clients are closed before their servers
stopAfterTests();

const MINUTE_MS = 60_000;
const message = 'Your order has been shipped';
const ordered = async (phone: string) => (await ground.queues.sendSms({ phone, message }, { idempotencyKey: someKey() })).jobId;
const jobOf = async (jobId: string) => (await ground.queues.openQueue('sms').getJob(jobId)) as Job | undefined;

/**
 * As if what was sent to the one phone that there is had been sent earlier, so that nobody has to wait a minute.
 * @returns when the last one counts as sent, by Redis' clock, in ms.
 */
async function letPass(ms: number): Promise<number> {
  const sentAt: number[] = [];
  const keys = await ground.redis.keys('*sms:phone:*');
  for (const key of keys.filter((it) => !it.endsWith(':n'))) {
    const [member = '', score = ''] = await ground.redis.zrange(key, '-1', '-1', 'WITHSCORES');
    await ground.redis.zadd(key, Number(score) - ms, member);
    sentAt.push(Number(score) - ms);
  }
  return Math.max(...sentAt);
}

describe('a second SMS to a phone within a minute', () => {
  it('is put back for as long as the limit says, costs no attempt, and goes out when the minute is over', async () => {
    const phone = somePhone();
    await ground.ended(await ordered(phone));
    const leftMs = 4_000;
    const sentAtMs = await letPass(MINUTE_MS - leftMs);

    const jobId = await ordered(phone);
    const waiting = await waitFor(async () => ((await ground.queues.openQueue('sms').getJobState(jobId)) === 'delayed' ? jobOf(jobId) : undefined), { what: 'the job to be put back' });
    expect(waiting.attemptsMade).toBe(0);
    expect(waiting.delay).toBeGreaterThan(0);
    expect(waiting.delay).toBeLessThanOrEqual(leftMs);
    expect(ground.provider.takenBy(phone)).toHaveLength(1);

    expect(await ground.ended(jobId)).toMatchObject({ result: { sms: [{ status: 'sent' }] } });
    expect((await jobOf(jobId))?.attemptsMade).toBe(1);
    const [, second] = ground.provider.takenBy(phone);
    expect(second!.at.getTime() - sentAtMs).toBeGreaterThanOrEqual(MINUTE_MS);
    expect(ground.provider.takenBy(phone)).toHaveLength(2);
  });
});

describe('a code that the minute of its phone would hold back', () => {
  it('is not begun: the answer says how long to wait, and what lives says so, too', async () => {
    const phone = somePhone();
    const start = (purpose: string) => ground.bus.send(StartVerification, { phone, purpose });
    const first = await start('login');
    expect(first).toMatchObject({ isSent: true });
    await waitFor(() => ground.provider.takenBy(phone).length === 1, { what: 'the first code' });

    await expect(start('reset')).rejects.toMatchObject({ code: 'SMS_LIMITED', status: 429, details: { rule: 'phone-per-minute' } });
    expect(await ground.ledger.verification.count({ where: { purpose: 'reset' } })).toBe(0);

    // as if its own pause were over, so that only the limit holds it back
    await ground.ledger.verification.updateMany({ where: { id: first.verificationId }, data: { resendAt: new Date(Date.now() - 1_000) } });
    const again = await start('login');
    expect(again).toMatchObject({ verificationId: first.verificationId, isSent: false });
    expect(again.resendAfter).toBeGreaterThan(50);
    expect(again.resendAfter).toBeLessThanOrEqual(60);

    await letPass(MINUTE_MS);
    expect(await start('login')).toMatchObject({ verificationId: first.verificationId, isSent: true });
    await waitFor(() => ground.provider.takenBy(phone).length === 2, { what: 'the code again' });
  });
});
