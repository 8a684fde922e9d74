import { SmsSent } from '@angarium/contracts';
import { stopAfterTests, waitFor, type Service } from '@angarium/testing';
import { someKey, somePhone, startSmsGround, type SmsGround } from '../testing/sms-ground.js';

let ground: SmsGround;
let services: Service[] = [];

beforeAll(async () => {
  ground = await startSmsGround({ SMS_RECONCILE_TRIES: '10', DATABASE_TIMEOUT_MS: '1000' });
});
afterEach(async () => {
  ground.provider.reset();
  await Promise.all(services.map((it) => it.stop()));
  services = [];
});
afterAll(() => ground.close());

// below the hook above, so that the clients are closed before their servers
stopAfterTests();

const start = async (env?: Record<string, string>) => {
  const service = await ground.startWorker(env);
  services.push(service);
  return service;
};
const message = 'Your order has been shipped';
const rowsOf = (prefix: string) => ground.ledger.smsDelivery.findMany({ where: { idempotencyKey: { startsWith: prefix } } });

describe('a worker that is killed', () => {
  it('in a batch, leaves nobody without an SMS and nobody with two', async () => {
    const phones = Array.from({ length: 60 }, () => somePhone());
    const first = await start();
    const idempotencyKey = someKey();
    const { jobId } = await ground.queues.sendBatchSms(
      phones.map((phone) => ({ phone, message })),
      { idempotencyKey },
    );
    const reached = () => phones.filter((phone) => ground.provider.takenBy(phone).length > 0).length;
    for (const [share, victim] of [
      [10, first],
      [30, undefined],
    ] as const) {
      await waitFor(() => reached() >= share, { what: `${share} SMS` });
      // the next answers do not come: the worker dies between the provider and the ledger, with all its lanes
      ground.provider.behave('all', 'hold');
      await waitFor(() => ground.provider.heldCount === 5, { what: 'SMS of which the worker does not know' });
      const dying = victim ?? services.at(-1);
      dying?.signal('SIGKILL');
      await dying?.exited;
      ground.provider.reset();
      await start();
    }
    const { result } = await ground.ended(jobId);
    expect(result).toMatchObject({ sentCount: 60, failedCount: 0 });
    expect(phones.map((phone) => ground.provider.takenBy(phone).length)).toEqual(phones.map(() => 1));
    expect((await rowsOf(idempotencyKey)).every(({ status, sends }) => status === 'sent' && sends === 1)).toBe(true);
    const told = async () => (await ground.eventsOf(SmsSent)).filter((it) => it.idempotencyKey.startsWith(idempotencyKey));
    await waitFor(async () => (await told()).length === 60, { what: 'sms.sent of each' });
  });

  it('while the provider has an SMS and has not answered, is followed by one that asks, not by one that sends', async () => {
    const phone = somePhone();
    const dying = await start();
    ground.provider.behave(phone, 'hold');
    const { jobId } = await ground.queues.sendSms({ phone, message });
    await waitFor(() => ground.provider.heldCount === 1, { what: 'the SMS at the provider' });
    dying.signal('SIGKILL');
    await dying.exited;
    ground.provider.reset();
    const asked = ground.provider.askedCount;
    await start();
    expect(await ground.ended(jobId)).toMatchObject({ result: { sms: [{ status: 'sent' }] } });
    expect(ground.provider.askedCount).toBeGreaterThan(asked);
    expect(ground.provider.takenBy(phone)).toHaveLength(1);
  });
});

describe('PostgreSQL that dies between the answer of the provider and the ledger', () => {
  it('is waited for: the SMS is written down when it is back, and not sent again', async () => {
    const phone = somePhone();
    await start();
    ground.provider.behave(phone, 'hold');
    const { jobId } = await ground.queues.sendSms({ phone, message });
    await waitFor(() => ground.provider.heldCount === 1, { what: 'the SMS at the provider' });
    await ground.postgres.kill();
    ground.provider.release();
    await waitFor(() => services[0]!.output().includes('outcome of an SMS not written yet'), { what: 'the worker to wait for Postgres' });
    await ground.postgres.restart();
    expect(await ground.ended(jobId)).toMatchObject({ result: { sms: [{ status: 'sent' }] } });
    expect(ground.provider.takenBy(phone)).toHaveLength(1);
  });
});

describe('three replicas', () => {
  it('keep one limit: of ten messages to one phone at once, one goes out', async () => {
    await Promise.all([start({ SMS_MAX_WAIT_MS: '0' }), start({ SMS_MAX_WAIT_MS: '0' }), start({ SMS_MAX_WAIT_MS: '0' })]);
    const phone = somePhone();
    const jobs = await Promise.all(Array.from({ length: 10 }, () => ground.queues.sendSms({ phone, message })));
    const ends = await Promise.all(jobs.map(({ jobId }) => ground.ended(jobId)));
    expect(ground.provider.takenBy(phone)).toHaveLength(1);
    expect(ends.filter(({ failure }) => !failure?.includes('SMS_LIMITED'))).toEqual([{ result: { sms: [expect.objectContaining({ status: 'sent' })] } }]);
  });
});
