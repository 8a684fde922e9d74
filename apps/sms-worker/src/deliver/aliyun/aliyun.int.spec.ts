import { randomUUID } from 'node:crypto';
import dysms, * as models from '@alicloud/dysmsapi20170525';
import { $OpenApiUtil } from '@alicloud/openapi-core';
import { codeSms, patient, startProviderGround, type ProviderGround } from '../../testing/provider-ground.js';
import { isSignedByAcs3 } from '../../testing/verify-signatures.js';
import { AliyunProvider } from './aliyun.provider.js';
import { signAcs3 } from './sign-acs3.js';

const secret = 'the-secret-of-aliyun';
let ground: ProviderGround;
beforeAll(async () => {
  ground = await startProviderGround();
});
afterAll(() => ground.stop());

const provider = (options: { secret?: string; baseUrl?: string } = {}) =>
  new AliyunProvider(ground.client, { accessKeyId: 'LTAItest', accessKeySecret: options.secret ?? secret, signName: '安加', baseUrl: options.baseUrl ?? ground.server.url });
const accepted = { status: 200, body: { Code: 'OK', Message: 'OK', BizId: '900619746936498440^0', RequestId: 'r' } };
/** Answers as Aliyun does: a wrong signature is refused, whatever is asked. */
const answer = (reply: { status: number; body: unknown }) =>
  ground.server.answer((request) => (isSignedByAcs3(request, secret) ? reply : { status: 400, body: { Code: 'SignatureDoesNotMatch', Message: 'nope' } }));
const lastQuery = () => Object.fromEntries(new URL(ground.server.seen.at(-1)!.url, 'http://x').searchParams);

describe('the signature of Aliyun', () => {
  it('passes the same independent check that the official SDK passes, with the very same parameters', async () => {
    answer(accepted);
    const config = new $OpenApiUtil.Config({ accessKeyId: 'LTAItest', accessKeySecret: secret, endpoint: ground.server.host, protocol: 'http' });
    const sdk = new dysms.default(config);
    const { template, deliveryId } = codeSms;
    const request = { phoneNumbers: '13800138000', signName: '安加', templateCode: template!.id, templateParam: JSON.stringify(template!.parameters), outId: deliveryId };
    const bySdk = await sdk.sendSms(new models.SendSmsRequest(request));
    expect(bySdk.body?.bizId).toBe('900619746936498440^0');
    const queryOfSdk = lastQuery();
    expect(isSignedByAcs3(ground.server.seen.at(-1)!, secret)).toBe(true);

    expect(await provider().send(codeSms, patient)).toEqual({ providerMessageId: '900619746936498440^0' });
    expect(isSignedByAcs3(ground.server.seen.at(-1)!, secret)).toBe(true);
    expect(lastQuery()).toEqual(queryOfSdk);
    expect(ground.server.seen.at(-1)!.headers).toMatchObject({ 'x-acs-action': 'SendSms', 'x-acs-version': '2017-05-25' });
  });

  it('is another one for another time, nonce, parameter or secret', () => {
    const base = { accessKeyId: 'a', accessKeySecret: 's', action: 'SendSms', version: '2017-05-25', host: 'h', parameters: { A: '1' }, at: new Date(0), nonce: 'n' };
    const changes = [{}, { at: new Date(1_000) }, { nonce: 'm' }, { parameters: { A: '2' } }, { accessKeySecret: 't' }, { host: 'i' }, { action: 'QuerySendDetails' }];
    const signatures = changes.map((change) => /Signature=(\w+)$/.exec(signAcs3({ ...base, ...change }).headers['authorization']!)![1]);
    expect(new Set(signatures).size).toBe(changes.length);
  });

  it('with a wrong secret is refused as trouble of our account, and nothing was sent', async () => {
    answer(accepted);
    await expect(provider({ secret: randomUUID() }).send(codeSms, patient)).rejects.toMatchObject({
      code: 'SMS_LOGIN_REFUSED',
      retry: 'when-available',
      details: { provider: 'aliyun', code: 'SignatureDoesNotMatch', mayFailover: true },
    });
  });
});

describe('what Aliyun answers', () => {
  it.each([
    ['isv.BUSINESS_LIMIT_CONTROL', 'SMS_THROTTLED', { afterMs: 60_000 }, true],
    ['isv.MOBILE_NUMBER_ILLEGAL', 'SMS_REJECTED', 'never', false],
    ['isv.SMS_TEMPLATE_ILLEGAL', 'SMS_REJECTED', 'never', true],
    ['isv.AMOUNT_NOT_ENOUGH', 'SMS_LOGIN_REFUSED', 'when-available', true],
    ['isp.SYSTEM_ERROR', 'SMS_PROVIDER_AWAY', 'when-available', true],
    ['Throttling.User', 'SMS_THROTTLED', { afterMs: 5_000 }, true],
    ['isv.SOMETHING_NEW', 'SMS_REJECTED', 'never', true],
  ])('%s is %s', async (code, expected, retry, mayFailover) => {
    answer({ status: 200, body: { Code: code, Message: 'about 13800138000' } });
    const error: unknown = await provider().send(codeSms, patient).catch((it: unknown) => it);
    expect(error).toMatchObject({ code: expected, retry, details: { provider: 'aliyun', code, mayFailover } });
    expect(JSON.stringify({ ...(error as Error), message: (error as Error).message })).not.toContain('13800138000');
  });

  it('an SMS without a template is refused without asking, for another provider to take', async () => {
    const before = ground.server.seen.length;
    await expect(provider().send({ phone: '+8613800138000', text: 'hi', deliveryId: 'd' }, patient)).rejects.toMatchObject({ code: 'SMS_REJECTED', details: { mayFailover: true } });
    expect(ground.server.seen.length).toBe(before);
  });
});

it('an SMS to Aliyun with parameters that no URL holds is refused without asking, for another provider to take', async () => {
  const template = { id: 'T', parameters: { text: '中'.repeat(500) }, ordered: [] };
  await expect(provider().send({ ...codeSms, template }, patient)).rejects.toMatchObject({ code: 'SMS_REJECTED', details: { code: 'TOO_LONG', mayFailover: true } });
});

describe('an SMS to Aliyun whose answer does not come', () => {
  it.each([
    ['hangs', () => 'hang' as const],
    ['is cut', () => 'cut' as const],
    ['is a 502', () => ({ status: 502, body: 'bad gateway' })],
    ['cannot be read', () => ({ status: 200, body: '<html>' })],
    ['says OK and names no id', () => ({ status: 200, body: { Code: 'OK' } })],
  ])('may have been sent, when the answer %s', async (_what, reply) => {
    ground.server.answer(reply);
    await expect(provider().send(codeSms, patient)).rejects.toMatchObject({ code: 'SMS_OUTCOME_UNKNOWN', details: { mayFailover: false } });
  });

  it('may have been sent, when we gave it up', async () => {
    ground.server.answer(() => 'hang');
    await expect(provider().send(codeSms, AbortSignal.timeout(50))).rejects.toMatchObject({ code: 'SMS_OUTCOME_UNKNOWN' });
  });

  it('was not sent, when nobody took the connection', async () => {
    await expect(provider({ baseUrl: ground.deadUrl }).send(codeSms, patient)).rejects.toMatchObject({ code: 'SMS_PROVIDER_AWAY', details: { mayFailover: true } });
  });
});

describe('asked what became of an SMS, Aliyun', () => {
  const detail = (more: object) => ({ status: 200, body: { Code: 'OK', TotalCount: 1, SmsSendDetailDTOs: { SmsSendDetailDTO: [{ OutId: 'other', SendStatus: 3 }, { OutId: codeSms.deliveryId, ...more }] } } });
  const sentAt = new Date('2026-11-20T15:59:30Z'); // half a minute before midnight in China
  const what = { deliveryId: codeSms.deliveryId, phone: codeSms.phone, sentAt };

  it('tells it from the one that carries our id, with the time of China', async () => {
    answer(detail({ SendStatus: 3, ReceiveDate: '2026-11-21 00:00:10' }));
    expect(await provider().query(what, patient)).toEqual({ state: 'delivered', providerMessageId: codeSms.deliveryId, at: new Date('2026-11-20T16:00:10Z') });
    expect(lastQuery()).toMatchObject({ PhoneNumber: '13800138000', SendDate: '20261120' });
    answer(detail({ SendStatus: 2, ErrCode: 'MOBILE_NOT_ON_SERVICE' }));
    expect(await provider().query(what, patient)).toMatchObject({ state: 'failed', code: 'MOBILE_NOT_ON_SERVICE' });
    answer(detail({ SendStatus: 1 }));
    expect(await provider().query(what, patient)).toMatchObject({ state: 'sent' });
  });

  it('never saw what neither day around midnight lists, and does not know it yet when it is younger than a minute', async () => {
    answer({ status: 200, body: { Code: 'OK', SmsSendDetailDTOs: { SmsSendDetailDTO: [] } } });
    const before = ground.server.seen.length;
    expect(await provider().query(what, patient)).toEqual({ state: 'never-seen' });
    expect(ground.server.seen.length - before).toBe(2);
    expect(lastQuery()).toMatchObject({ SendDate: '20261121' });
    expect(await provider().query({ ...what, sentAt: new Date() }, patient)).toEqual({ state: 'unknown' });
  });

  it('is away when it does not answer, which says nothing about the SMS', async () => {
    ground.server.answer(() => 'hang');
    await expect(provider().query(what, patient)).rejects.toMatchObject({ code: 'SMS_PROVIDER_AWAY' });
  });
});
