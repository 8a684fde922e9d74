import { SmsDelivered, SmsFailed, SmsSent } from '@angarium/contracts';
import { stopAfterTests, waitFor, type Service } from '@angarium/testing';
import { someKey, somePhone, startSmsGround, type SmsGround } from '../testing/sms-ground.js';

let ground: SmsGround;
let worker: Service;
let gateway: Service;

beforeAll(async () => {
  const routes = { SMS_ROUTES: 'CN=twilio>sandbox,US=sandbox', SMS_COUNTRIES: 'CN,US,FR', SMS_CIRCUIT_FAILURES: '2', SMS_CIRCUIT_OPEN_MS: '60000' };
  ground = await startSmsGround({ NODE_ENV: 'test', ...routes }, ['sms-worker', 'gateway']);
  [worker, gateway] = await Promise.all([ground.startWorker(), ground.startGateway()]);
});
afterEach(() => ground.provider.reset());
afterAll(() => ground.close());

// below the hook above, so that the clients are closed before their servers
stopAfterTests();

const message = 'Your order has been shipped';
const ordered = async (phone: string, provider?: 'twilio') => {
  const idempotencyKey = someKey();
  const { jobId } = await ground.queues.sendSms({ phone, message, provider }, { idempotencyKey });
  return { idempotencyKey, ...(await ground.ended(jobId)) };
};
const call = async (method: string, path: string, body?: object) => {
  const headers = { authorization: `Bearer ${ground.env['GATEWAY_TOKEN']}`, ...(body && { 'content-type': 'application/json' }) };
  const answer = await fetch(`${gateway.url}${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
};
const explain = (body: object) => call('POST', '/sms/explain', body).then((answer) => answer.body);

describe('the chain of providers', () => {
  it('goes on after a refusal that is about this provider', async () => {
    const phone = somePhone();
    ground.provider.behave(phone, { refuse: 21612 });
    expect((await ordered(phone)).result).toMatchObject({ sms: [{ status: 'sent', provider: 'sandbox' }] });
  });

  it('ends at a refusal that is about the phone', async () => {
    const phone = somePhone();
    ground.provider.behave(phone, { refuse: 21610 });
    expect((await ordered(phone)).failure).toMatch(/SMS_REJECTED/);
  });

  it('ends at an SMS of which nobody knows whether it went out', async () => {
    const phone = somePhone();
    ground.provider.behave(phone, 'lose-answer');
    expect((await ordered(phone)).result).toMatchObject({ sms: [{ status: 'sent', provider: 'twilio' }] });
    expect(ground.provider.takenBy(phone)).toHaveLength(1);
  });
});

describe('a verification code', () => {
  it('that no provider can carry is refused when it is asked for', async () => {
    const { status, body } = await call('POST', '/verifications', { phone: '+33612345678', purpose: 'login' });
    expect([status, body['code']]).toEqual([422, 'SMS_NO_PROVIDER']);
    expect(await ground.ledger.verification.count()).toBe(0);
  });
});

describe('a receipt', () => {
  it('makes an SMS delivered, and sms.delivered tells of it once', async () => {
    const { idempotencyKey } = await ordered('+15005550009');
    const told = async () => (await ground.eventsOf(SmsDelivered)).filter((it) => it.idempotencyKey === idempotencyKey);
    await waitFor(async () => (await told()).length > 0, { what: 'sms.delivered' });
    expect(await ground.ledger.smsDelivery.findFirst({ where: { idempotencyKey } })).toMatchObject({ status: 'delivered', provider: 'sandbox' });
    expect(await told()).toHaveLength(1);
    expect((await ground.eventsOf(SmsSent)).filter((it) => it.idempotencyKey === idempotencyKey)).toHaveLength(1);
  });

  it('that the phone did not get it makes sms.failed of an SMS that was sent', async () => {
    const { idempotencyKey } = await ordered('+15005550005');
    const told = async () => (await ground.eventsOf(SmsFailed)).filter((it) => it.idempotencyKey === idempotencyKey);
    expect(await waitFor(async () => (await told()).length > 0 && told(), { what: 'sms.failed' })).toMatchObject([{ code: 'UNDELIVERED', provider: 'sandbox' }]);
  });
});

describe('POST /sms/explain', () => {
  it('says what would go out, through whom, in how many segments and at what cost, and takes nothing', async () => {
    const phone = somePhone();
    for (let i = 0; i < 3; i++) {
      expect(await explain({ phone, message: '你好'.repeat(40) })).toEqual({
        ...{ maySend: true, country: 'CN', refusals: [], missingVariables: [] },
        chain: ['twilio', 'sandbox'].map((provider) => ({ provider, canServe: true, segments: 2, cost: 0.2 })),
      });
    }
  });

  it('names the rule that would refuse and the seconds to wait', async () => {
    const phone = somePhone();
    await ordered(phone);
    const { maySend, refusals } = await explain({ phone, message });
    expect({ maySend, refusals }).toEqual({ maySend: false, refusals: [{ rule: 'phone-per-minute', reason: 'At most 1 SMS a minute to one phone.', waitSeconds: expect.any(Number) as number }] });
    // a code is counted apart
    expect(await explain({ phone, message, purpose: 'verification' })).toMatchObject({ maySend: true });
  });

  it('says of a country, a phone and a template why not', async () => {
    expect(await explain({ phone: '+447400123456', message })).toMatchObject({ maySend: false, country: 'GB', refusals: [{ rule: 'country', waitSeconds: null }, { rule: 'route' }] });
    expect(await explain({ phone: '123', message })).toMatchObject({ maySend: false, refusals: [{ rule: 'phone' }] });
    expect(await explain({ phone: somePhone(), templateKey: 'verification', variables: { code: '1' } })).toMatchObject({ maySend: false, missingVariables: ['expiresIn'], refusals: [{ rule: 'variables' }] });
    expect(await call('POST', '/sms/explain', { phone: somePhone(), templateKey: 'nothing' })).toMatchObject({ status: 404, body: { code: 'SMS_TEMPLATE_NOT_FOUND' } });
  });
});

describe('logical templates', () => {
  it('are made, shown, used, replaced and removed; the default of the system comes back', async () => {
    expect((await call('GET', '/sms-templates/verification')).body).toMatchObject({ version: 0, variables: ['code', 'expiresIn'] });
    const put = (text: string) => call('PUT', '/sms-templates/verification', { variables: ['code', 'expiresIn'], text });
    expect((await put('{{code}}!')).body).toMatchObject({ key: 'verification', version: 1, text: '{{code}}!' });
    expect((await put('{{code}} is it')).body).toMatchObject({ version: 2 });
    const phone = somePhone();
    const { jobId } = await ground.queues.sendVerificationCode(phone, '445566');
    await ground.ended(jobId);
    expect(ground.provider.takenBy(phone)[0]?.body).toBe('445566 is it');
    expect((await call('DELETE', '/sms-templates/verification')).status).toBe(200);
    expect((await call('GET', '/sms-templates/verification')).body).toMatchObject({ version: 0 });
    expect((await call('DELETE', '/sms-templates/verification')).status).toBe(404);
  });

  it('are refused when a place of the text is none of the variables', async () => {
    expect((await call('PUT', '/sms-templates/odd', { variables: ['a'], text: '{{b}}' })).status).toBe(422);
  });

  it('of codes are refused without the code, and nothing is changed', async () => {
    expect(await call('PUT', '/sms-templates/verification', { variables: ['code'], text: 'hi' })).toMatchObject({ status: 422, body: { code: 'SMS_TEMPLATE_INVALID', details: { field: 'text' } } });
    expect((await call('GET', '/sms-templates/verification')).body).toMatchObject({ version: 0 });
  });
});

describe('a provider that is away', () => {
  it('is passed over, and left alone after a few failures; whoever wants no other one waits', async () => {
    await ground.provider.stop();
    for (let i = 0; i < 3; i++) expect((await ordered(somePhone())).result).toMatchObject({ sms: [{ status: 'sent', provider: 'sandbox' }] });
    const phone = somePhone();
    expect(await explain({ phone, message })).toMatchObject({ maySend: true, chain: [{ provider: 'twilio', canServe: false }, { provider: 'sandbox', canServe: true }] });
    await ground.queues.sendSms({ phone, message, provider: 'twilio' });
    await waitFor(() => worker.output().includes('is left alone for a moment'), { what: 'the job to be put back' });
  });
});
