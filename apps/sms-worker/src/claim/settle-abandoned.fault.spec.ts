import { randomUUID } from 'node:crypto';
import { SmsFailed, SmsSent, type SmsProviderName } from '@angarium/contracts';
import { createSealer } from '@angarium/secrets';
import { stopAfterTests, waitFor } from '@angarium/testing';
import { someKey, somePhone, startSmsGround, type SmsGround } from '../testing/sms-ground.js';
import { PhoneSealer } from './phone-sealer.js';

let ground: SmsGround;

beforeAll(async () => {
  ground = await startSmsGround({ SMS_RECONCILE_TRIES: '2', SMS_ABANDONED_AFTER_MS: '1000', SMS_PROVIDER_TIMEOUT_MS: '1000' });
});
afterEach(() => ground.provider.reset());
afterAll(() => ground.close());

// below the hook above, so that the clients are closed before their servers
stopAfterTests();

const HOUR_MS = 3_600_000;
const message = 'Your order has been shipped';
const rowOf = (idempotencyKey: string) => ground.ledger.smsDelivery.findFirstOrThrow({ where: { idempotencyKey } });
const told = async (contract: typeof SmsSent | typeof SmsFailed, idempotencyKey: string) => (await ground.eventsOf(contract)).filter((it) => it.idempotencyKey === idempotencyKey);

/** A row as a worker leaves it that is killed while the provider has the SMS, an hour ago. */
async function abandoned(provider: SmsProviderName, phone = somePhone()): Promise<string> {
  const [id, idempotencyKey, at] = [randomUUID(), someKey(), new Date(Date.now() - HOUR_MS)];
  const phoneSealed = new PhoneSealer(createSealer(ground.env['SEAL_KEYS']!)).seal(phone, id);
  const state = { status: 'sending' as const, provider, segments: 1, attempts: 1, lastAttempt: 3, sends: 1 };
  await ground.ledger.smsDelivery.create({
    data: { id, tenant: 'system', idempotencyKey, position: 0, phoneSealed, phoneLast4: phone.slice(-4), country: 'CN', ...state, createdAt: at, openedAt: at, sendingAt: at, updatedAt: at },
  });
  return idempotencyKey;
}

describe('an SMS whose worker was killed and whose job was removed', () => {
  it('is asked for, and counts as sent when the provider has it', async () => {
    const [phone, idempotencyKey] = [somePhone(), someKey()];
    const dying = await ground.startWorker();
    ground.provider.behave(phone, 'hold');
    const { jobId } = await ground.queues.sendSms({ phone, message }, { idempotencyKey });
    await waitFor(() => ground.provider.heldCount === 1, { what: 'the SMS at the provider' });
    dying.signal('SIGKILL');
    await dying.exited;
    ground.provider.reset();
    // for as long as its lock lives
    await waitFor(async () => (await ground.queues.openQueue('sms').remove(jobId)) === 1, { what: 'the job to be removed' });
    expect(await rowOf(idempotencyKey)).toMatchObject({ status: 'sending' });

    const worker = await ground.startWorker();
    await waitFor(async () => (await rowOf(idempotencyKey)).status === 'sent', { what: 'the SMS to be known as sent' });
    expect(ground.provider.takenBy(phone)).toHaveLength(1);
    await waitFor(async () => (await told(SmsSent, idempotencyKey)).length === 1, { what: 'sms.sent' });
    await worker.stop();
  });

  it('is closed as unknown when its provider cannot be asked, and told of once, however many replicas look', async () => {
    const keys = await Promise.all(Array.from({ length: 5 }, () => abandoned('aliyun')));
    const workers = await Promise.all([ground.startWorker(), ground.startWorker()]);
    for (const key of keys) {
      await waitFor(async () => (await rowOf(key)).closedAt !== null, { what: 'the SMS to be closed' });
      expect(await rowOf(key)).toMatchObject({ status: 'unknown', lastCode: 'SMS_OUTCOME_UNKNOWN', sends: 1, asks: 2 });
      await waitFor(async () => (await told(SmsFailed, key)).length > 0, { what: 'sms.failed' });
    }
    expect((await Promise.all(keys.map((key) => told(SmsFailed, key)))).map((it) => it.length)).toEqual(keys.map(() => 1));
    await Promise.all(workers.map((it) => it.stop()));
  });

  it('has failed when the provider never saw it', async () => {
    const key = await abandoned('twilio');
    const worker = await ground.startWorker();
    await waitFor(async () => (await rowOf(key)).closedAt !== null, { what: 'the SMS to be closed' });
    expect(await rowOf(key)).toMatchObject({ status: 'failed', lastCode: 'SMS_JOB_GONE', sends: 1 });
    await waitFor(async () => (await told(SmsFailed, key)).length === 1, { what: 'sms.failed' });
    await worker.stop();
  });

  it('is left to its job, where that only waits', async () => {
    const phone = somePhone();
    const idempotencyKey = await abandoned('twilio', phone);
    await ground.queues.sendSms({ phone, message }, { idempotencyKey, delayMs: 60_000 });
    const worker = await ground.startWorker();
    const lookedAt = async (since: number) => {
      const at = (await rowOf(idempotencyKey)).updatedAt.getTime();
      return at > since && at;
    };
    const first = await waitFor(() => lookedAt(Date.now() - HOUR_MS / 2), { what: 'the SMS to be looked at' });
    // what the first look did, it has done when the second one begins
    await waitFor(() => lookedAt(first), { what: 'the SMS to be looked at again' });
    expect(await rowOf(idempotencyKey)).toMatchObject({ status: 'sending', closedAt: null, asks: 0 });
    await worker.stop();
  });
});
