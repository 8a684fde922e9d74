import { SmsFailed, SmsSent } from '@angarium/contracts';
import { stopAfterTests, waitFor, type Service } from '@angarium/testing';
import { someKey, somePhone, startSmsGround, type SmsGround } from '../testing/sms-ground.js';

let ground: SmsGround;
let worker: Service;

beforeAll(async () => {
  ground = await startSmsGround({ SMS_MAX_WAIT_MS: '1000', SMS_RECONCILE_TRIES: '2' });
  worker = await ground.startWorker();
});
afterEach(() => ground.provider.reset());
afterAll(() => ground.close());

// below the hook above, so that the clients are closed before their servers
stopAfterTests();

const message = 'Your order has been shipped';
const rowsOf = (idempotencyKey: string) => ground.ledger.smsDelivery.findMany({ where: { idempotencyKey }, orderBy: { position: 'asc' } });
const eventsOf = async (contract: typeof SmsSent | typeof SmsFailed, idempotencyKey: string) => (await ground.eventsOf(contract)).filter((it) => it.idempotencyKey === idempotencyKey);
const ordered = async (phone: string | string[], idempotencyKey = someKey()) => {
  const { jobId } = await ground.queues.sendSms({ phone, message }, { idempotencyKey });
  return { idempotencyKey, jobId, ...(await ground.ended(jobId)) };
};

describe('an order of an SMS', () => {
  it('goes out once to each phone, and the answer says by whom and in how many segments, without phones', async () => {
    const [one, two] = [somePhone(), somePhone()];
    const { result, idempotencyKey } = await ordered([one, two.replace('+86', ''), one]);
    expect(result).toEqual({ sms: [0, 1].map((position) => expect.objectContaining({ position, status: 'sent', provider: 'twilio', segments: 1 }) as object) });
    expect(JSON.stringify(result)).not.toContain(one.slice(3));
    expect([ground.provider.takenBy(one).length, ground.provider.takenBy(two).length]).toEqual([1, 1]);
    expect(ground.provider.takenBy(one)[0]?.body).toBe(message);
    const sent = await waitFor(async () => (await eventsOf(SmsSent, idempotencyKey)).length === 2 && eventsOf(SmsSent, idempotencyKey), { what: 'sms.sent' });
    expect(sent).toEqual(expect.arrayContaining([expect.objectContaining({ provider: 'twilio', segments: 1, position: 0 })]));
    expect(JSON.stringify(sent)).not.toContain(one.slice(3));
  });

  it('is not sent again when its job is, and is answered as before', async () => {
    const phone = somePhone();
    const first = await ordered(phone);
    await ground.redis.select(1);
    await ground.redis.flushdb();
    await ground.redis.select(0);
    const second = await ordered(phone, first.idempotencyKey);
    expect(second.result).toEqual(first.result);
    expect(ground.provider.takenBy(phone)).toHaveLength(1);
    expect(await eventsOf(SmsSent, first.idempotencyKey)).toHaveLength(1);
  });

  it('fails at once when a phone is none, naming its place and never its digits', async () => {
    const { failure } = await ordered([somePhone(), '12345678']);
    expect(failure).toMatch(/SMS_PHONE_INVALID.*phone\[1\]/);
    expect(failure).not.toContain('12345678');
  });

  it('fails when the provider refuses it for good, and sms.failed says why', async () => {
    const phone = somePhone();
    ground.provider.behave(phone, { refuse: 21610 });
    const { failure, idempotencyKey } = await ordered(phone);
    expect(failure).toMatch(/SMS_REJECTED/);
    const [failed] = await waitFor(async () => (await eventsOf(SmsFailed, idempotencyKey)).length === 1 && eventsOf(SmsFailed, idempotencyKey), { what: 'sms.failed' });
    expect(failed).toMatchObject({ code: 'SMS_REJECTED', provider: 'twilio', reason: expect.stringContaining('21610') as string });
  });

  it('may go to one phone once a minute: a second one fails with the rule and the wait, when it may not wait', async () => {
    const phone = somePhone();
    await ordered(phone);
    const { failure } = await ordered(phone);
    expect(failure).toMatch(/SMS_LIMITED.*phone-per-minute/);
    expect(failure).toMatch(/Try again in (5\d|60) s/);
    expect(ground.provider.takenBy(phone)).toHaveLength(1);
  });

  it('goes to no country that is not listed', async () => {
    const { failure } = await ordered('+447400123456');
    expect(failure).toMatch(/SMS_COUNTRY_REFUSED.*GB/);
  });
});

describe('an SMS of which no answer came', () => {
  it('is asked for before anything is sent again, and counts as sent when the provider has it', async () => {
    const phone = somePhone();
    ground.provider.behave(phone, 'lose-answer');
    const { result, idempotencyKey } = await ordered(phone);
    expect(result).toMatchObject({ sms: [{ status: 'sent', provider: 'twilio' }] });
    expect(ground.provider.takenBy(phone)).toHaveLength(1);
    expect(await rowsOf(idempotencyKey)).toMatchObject([{ status: 'sent', sends: 1, providerMessageId: ground.provider.takenBy(phone)[0]?.sid }]);
  });

  it('is never sent again when the provider does not say, and sms.failed tells that nobody knows', async () => {
    const phone = somePhone();
    ground.provider.behave(phone, 'fail');
    const { failure, idempotencyKey } = await ordered(phone);
    expect(failure).toMatch(/SMS_OUTCOME_UNKNOWN/);
    expect(await rowsOf(idempotencyKey)).toMatchObject([{ status: 'unknown', sends: 1, asks: 2 }]);
    const [failed] = await waitFor(async () => (await eventsOf(SmsFailed, idempotencyKey)).length === 1 && eventsOf(SmsFailed, idempotencyKey), { what: 'sms.failed' });
    expect(failed).toMatchObject({ code: 'SMS_OUTCOME_UNKNOWN' });
  });
});

describe('a batch', () => {
  it('has a result for each message, in order; one that fails spares the rest', async () => {
    const [good, refused, fine] = [somePhone(), somePhone(), somePhone()];
    ground.provider.behave(refused, { refuse: 21610 });
    const { jobId } = await ground.queues.sendBatchSms([
      { phone: good, message },
      { phone: refused, message },
      { phone: 'nobody', message },
      { phone: fine, templateKey: 'nothing', variables: {} },
      { phone: fine, message: '你好' },
    ]);
    const { result } = await ground.ended(jobId);
    expect(result).toMatchObject({
      sentCount: 2,
      failedCount: 3,
      items: [
        { index: 0, sms: [{ status: 'sent' }] },
        { index: 1, sms: [{ status: 'failed', code: 'SMS_REJECTED' }] },
        { index: 2, sms: [], code: 'SMS_PHONE_INVALID' },
        { index: 3, sms: [{ status: 'failed', code: 'SMS_TEMPLATE_NOT_FOUND' }] },
        { index: 4, sms: [{ status: 'sent', segments: 1 }] },
      ],
    });
    expect(JSON.stringify(result)).not.toContain(good.slice(3));
  });
});

describe('a code that another service made', () => {
  it('goes out in the words that users know, and is nowhere in the logs', async () => {
    const phone = somePhone();
    const { jobId } = await ground.queues.sendVerificationCode(phone, '918273', 5);
    await ground.ended(jobId);
    expect(ground.provider.takenBy(phone)[0]?.body).toBe('Your verification code is: 918273. Valid for 5 minutes.');
    expect(worker.output()).not.toContain('918273');
    expect(worker.output()).not.toContain(phone.slice(3));
  });

  it('is not held back by a message that went to the phone a second ago', async () => {
    const phone = somePhone();
    await ordered(phone);
    const { jobId } = await ground.queues.sendVerificationCode(phone, '112233', 5);
    expect(await ground.ended(jobId)).toMatchObject({ result: { status: 'sent' } });
    expect(ground.provider.takenBy(phone)).toHaveLength(2);
  });
});
