import { codeSms, patient, startProviderGround, type ProviderGround } from '../../testing/provider-ground.js';
import { TwilioProvider, type TwilioOptions } from './twilio.provider.js';

const accountSid = `AC${'0'.repeat(32)}`;
const authToken = 'the-token-of-twilio';
const sid = `SM${'1'.repeat(32)}`;
let ground: ProviderGround;
beforeAll(async () => {
  ground = await startProviderGround(1_000);
});
afterAll(() => ground.stop());

const provider = (options: Partial<TwilioOptions> = {}) =>
  new TwilioProvider(ground.client, { accountSid, authToken, from: '+15005550006', publicUrl: 'https://api.example.com/', baseUrl: ground.server.url, ...options });
const text = { phone: '+4915112345678', text: 'Ihr Code: 493817 & mehr', deliveryId: 'd 1', validityMs: 300_000 };
const created = (more: object = {}) => ({ sid, status: 'queued', num_segments: '2', price: null, price_unit: 'USD', error_code: null, error_message: null, date_created: 'Fri, 20 Nov 2026 10:00:01 +0000', date_updated: 'Fri, 20 Nov 2026 10:00:05 +0000', date_sent: null, ...more });
/** Answers as Twilio does: without the right login 401, whatever is asked. */
const answer = (reply: { status: number; body: unknown; headers?: Record<string, string> }) =>
  ground.server.answer((request) => {
    const isIn = request.headers.authorization === `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`;
    return isIn ? reply : { status: 401, body: { code: 20003, message: 'Authenticate', status: 401 } };
  });
const last = () => ground.server.seen.at(-1)!;
const form = () => Object.fromEntries(new URLSearchParams(last().body));

describe('an SMS by Twilio', () => {
  it('goes out by the official SDK through our own client, with the address of its receipt and its time to live', async () => {
    answer({ status: 201, body: created() });
    expect(await provider().send(text, patient)).toEqual({ providerMessageId: sid, segments: 2 });
    expect(last()).toMatchObject({ method: 'POST', url: `/2010-04-01/Accounts/${accountSid}/Messages.json`, headers: { 'content-type': 'application/x-www-form-urlencoded' } });
    expect(last().headers['user-agent']).toMatch(/^twilio-node/);
    expect(form()).toEqual({ To: text.phone, From: '+15005550006', Body: text.text, ValidityPeriod: '300', StatusCallback: 'https://api.example.com/sms/receipts/twilio?delivery=d%201' });
  });

  it('takes a template by its content id with parameters by name, and the messaging service before the sender', async () => {
    answer({ status: 201, body: created({ price: '-0.00750' }) });
    expect(await provider({ messagingServiceSid: 'MG1', publicUrl: undefined }).send(codeSms, patient)).toMatchObject({ price: { amount: 0.0075, currency: 'USD' } });
    expect(form()).toEqual({ To: codeSms.phone, MessagingServiceSid: 'MG1', ContentSid: 'SMS_1234567', ContentVariables: JSON.stringify(codeSms.template!.parameters) });
  });

  it.each([
    [21211, 400, 'SMS_REJECTED', 'never', false],
    [21610, 400, 'SMS_REJECTED', 'never', false],
    [21408, 403, 'SMS_REJECTED', 'never', true],
    [20429, 429, 'SMS_THROTTLED', { afterMs: 5_000 }, true],
    [20003, 401, 'SMS_LOGIN_REFUSED', 'when-available', true],
    [99999, 400, 'SMS_REJECTED', 'never', true],
    [20500, 500, 'SMS_OUTCOME_UNKNOWN', 'never', false],
    [99998, 503, 'SMS_OUTCOME_UNKNOWN', 'never', false],
  ])('code %i with status %i is %s', async (code, status, expected, retry, mayFailover) => {
    answer({ status, body: { code, message: `The number ${text.phone} is wrong`, more_info: 'x', status } });
    const before = ground.server.seen.length;
    const error: unknown = await provider().send(text, patient).catch((it: unknown) => it);
    expect(error).toMatchObject({ code: expected, retry, details: { provider: 'twilio', code: String(code), mayFailover } });
    expect((error as Error).message).not.toContain(text.phone);
    expect((error as Error).cause).toBeUndefined();
    expect(ground.server.seen.length - before).toBe(1); // never repeated in here
  });

  it('with a wrong token is refused as trouble of our account', async () => {
    answer({ status: 201, body: created() });
    await expect(provider({ authToken: 'wrong' }).send(text, patient)).rejects.toMatchObject({ code: 'SMS_LOGIN_REFUSED' });
  });

  it.each([
    ['hangs', () => 'hang' as const],
    ['is cut', () => 'cut' as const],
    ['is a 502 in HTML', () => ({ status: 502, body: '<html>' })],
    ['cannot be read', () => ({ status: 201, body: '<html>' })],
    ['names no id', () => ({ status: 201, body: {} })],
  ])('may have been sent, when the answer %s', async (_what, reply) => {
    ground.server.answer(reply);
    await expect(provider().send(text, patient)).rejects.toMatchObject({ code: 'SMS_OUTCOME_UNKNOWN', details: { mayFailover: false } });
  });

  it('may have been sent, when we gave it up, which ends the request at once', async () => {
    ground.server.answer(() => 'hang');
    const startedAt = performance.now();
    await expect(provider().send(text, AbortSignal.timeout(50))).rejects.toMatchObject({ code: 'SMS_OUTCOME_UNKNOWN' });
    expect(performance.now() - startedAt).toBeLessThan(900);
  });

  it('was not sent, when nobody took the connection or the address is not opened', async () => {
    await expect(provider({ baseUrl: ground.deadUrl }).send(text, patient)).rejects.toMatchObject({ code: 'SMS_PROVIDER_AWAY', details: { mayFailover: true } });
    await expect(provider({ baseUrl: 'http://10.0.0.1' }).send(text, patient)).rejects.toMatchObject({ code: 'SMS_PROVIDER_AWAY', details: { code: 'EGRESS_TARGET_REFUSED' } });
  });
});

describe('asked what became of an SMS, Twilio', () => {
  const what = { deliveryId: 'd', phone: text.phone, sentAt: new Date('2026-11-20T10:00:00Z') };
  const list = (...messages: object[]) => answer({ status: 200, body: { messages, page: 0, page_size: 20, next_page_uri: null, uri: '/', first_page_uri: '/', previous_page_uri: null, start: 0, end: 0 } });

  it('tells it by its id', async () => {
    answer({ status: 200, body: created({ status: 'delivered' }) });
    expect(await provider().query({ ...what, providerMessageId: sid }, patient)).toEqual({ state: 'delivered', providerMessageId: sid, at: new Date('2026-11-20T10:00:05Z') });
    expect(last().url).toBe(`/2010-04-01/Accounts/${accountSid}/Messages/${sid}.json`);
    answer({ status: 200, body: created({ status: 'undelivered', error_code: 30005 }) });
    expect(await provider().query({ ...what, providerMessageId: sid }, patient)).toMatchObject({ state: 'failed', code: '30005', reason: 'the handset does not exist' });
    answer({ status: 404, body: { code: 20404, message: 'not found', status: 404 } });
    expect(await provider().query({ ...what, providerMessageId: sid }, patient)).toEqual({ state: 'never-seen' });
  });

  it('finds one whose id we never learned by phone and time, and does not guess between two', async () => {
    list(created({ date_created: 'Fri, 20 Nov 2026 09:50:00 +0000', sid: 'SM0' }), created({ status: 'sent' }));
    expect(await provider().query(what, patient)).toMatchObject({ state: 'sent', providerMessageId: sid });
    expect(new URL(last().url, 'http://x').searchParams.get('To')).toBe(text.phone);
    list(created(), created({ sid: 'SM2' }));
    expect(await provider().query(what, patient)).toEqual({ state: 'unknown' });
    list();
    expect(await provider().query(what, patient)).toEqual({ state: 'never-seen' });
    expect(await provider().query({ ...what, sentAt: new Date() }, patient)).toEqual({ state: 'unknown' });
  });

  it('is away when it does not answer, which says nothing about the SMS', async () => {
    ground.server.answer(() => 'cut');
    await expect(provider().query(what, patient)).rejects.toMatchObject({ code: 'SMS_PROVIDER_AWAY' });
    answer({ status: 500, body: { code: 20500, message: '', status: 500 } });
    await expect(provider().query(what, patient)).rejects.toMatchObject({ code: 'SMS_PROVIDER_AWAY' });
  });
});
