import { sms } from 'tencentcloud-sdk-nodejs-sms';
import { codeSms, patient, startProviderGround, type ProviderGround } from '../../testing/provider-ground.js';
import { isSignedByTc3 } from '../../testing/verify-signatures.js';
import { signTc3 } from './sign-tc3.js';
import { TencentProvider } from './tencent.provider.js';

const secretKey = 'the-secret-of-tencent';
let ground: ProviderGround;
beforeAll(async () => {
  ground = await startProviderGround();
});
afterAll(() => ground.stop());

const provider = (options: { secretKey?: string; baseUrl?: string } = {}) =>
  new TencentProvider(ground.client, { secretId: 'AKIDtest', secretKey, sdkAppId: '1400006666', signName: '安加', region: 'ap-guangzhou', baseUrl: ground.server.url, ...options });
/** Answers as Tencent does: 200 whatever happens, and a wrong signature is refused. */
const answer = (response: object) =>
  ground.server.answer((request) => ({ status: 200, body: { Response: isSignedByTc3(request, secretKey) ? response : { Error: { Code: 'AuthFailure.SignatureFailure', Message: 'nope' }, RequestId: 'r' } } }));
const status = (more: object) => ({ SendStatusSet: [{ SerialNo: '2019:538884', PhoneNumber: codeSms.phone, Fee: 2, SessionContext: codeSms.deliveryId, Code: 'Ok', Message: 'send success', IsoCode: 'CN', ...more }], RequestId: 'r' });
const lastBody = () => JSON.parse(ground.server.seen.at(-1)!.body) as object;

describe('the signature of Tencent', () => {
  it('passes the same independent check that the official SDK passes, with the very same body', async () => {
    answer(status({}));
    const credential = { secretId: 'AKIDtest', secretKey };
    const sdk = new sms.v20210111.Client({ credential, region: 'ap-guangzhou', profile: { httpProfile: { endpoint: ground.server.host, protocol: 'http://' } } });
    const { template, deliveryId, phone } = codeSms;
    const bySdk = await sdk.SendSms({ PhoneNumberSet: [phone], SmsSdkAppId: '1400006666', SignName: '安加', TemplateId: template!.id, TemplateParamSet: [...template!.ordered], SessionContext: deliveryId });
    expect(bySdk.SendStatusSet?.[0]?.SerialNo).toBe('2019:538884');
    expect(isSignedByTc3(ground.server.seen.at(-1)!, secretKey)).toBe(true);
    const bodyOfSdk = lastBody();
    const headersOfSdk = ground.server.seen.at(-1)!.headers;

    expect(await provider().send(codeSms, patient)).toEqual({ providerMessageId: '2019:538884', segments: 2 });
    const ours = ground.server.seen.at(-1)!;
    expect(isSignedByTc3(ours, secretKey)).toBe(true);
    expect(lastBody()).toEqual(bodyOfSdk);
    for (const name of ['x-tc-action', 'x-tc-version', 'x-tc-region']) expect(ours.headers[name]).toBe(headersOfSdk[name]);
  });

  it('names the day of its own second and the service sms', () => {
    const signed = signTc3({ secretId: 'id', secretKey: 'key', action: 'SendSms', version: '2021-01-11', region: 'r', host: 'sms.tencentcloudapi.com', body: '{}', at: new Date('2019-02-25T23:59:59Z') });
    expect(signed['authorization']).toMatch(/^TC3-HMAC-SHA256 Credential=id\/2019-02-25\/sms\/tc3_request, SignedHeaders=content-type;host, Signature=[0-9a-f]{64}$/);
    expect(signed['x-tc-timestamp']).toBe('1551139199');
  });

  it('with a wrong secret is refused as trouble of our account, and nothing was sent', async () => {
    answer(status({}));
    await expect(provider({ secretKey: 'another' }).send(codeSms, patient)).rejects.toMatchObject({
      code: 'SMS_LOGIN_REFUSED',
      details: { provider: 'tencent', code: 'AuthFailure.SignatureFailure', mayFailover: true },
    });
  });
});

const failures = [
  ['LimitExceeded.PhoneNumberThirtySecondLimit', 'SMS_THROTTLED', { afterMs: 30_000 }, true],
  ['InvalidParameterValue.IncorrectPhoneNumber', 'SMS_REJECTED', 'never', false],
  ['FailedOperation.TemplateIncorrectOrUnapproved', 'SMS_REJECTED', 'never', true],
  ['FailedOperation.InsufficientBalanceInSmsPackage', 'SMS_LOGIN_REFUSED', 'when-available', true],
  ['UnauthorizedOperation.RequestIpNotInWhitelist', 'SMS_LOGIN_REFUSED', 'when-available', true],
  ['InternalError.Timeout', 'SMS_OUTCOME_UNKNOWN', 'never', false],
  ['FailedOperation.SomethingNew', 'SMS_REJECTED', 'never', true],
] as const;

describe('what Tencent answers', () => {
  it.each(failures)('%s for the phone, in a 200 without an error, is %s', async (code, expected, retry, mayFailover) => {
    answer(status({ Code: code, SerialNo: '', Message: `about ${codeSms.phone}` }));
    const error: unknown = await provider().send(codeSms, patient).catch((it: unknown) => it);
    expect(error).toMatchObject({ code: expected, retry, details: { provider: 'tencent', code, mayFailover } });
    expect((error as Error).message).not.toContain(codeSms.phone);
  });

  it.each(failures)('%s for the whole request is %s', async (code, expected) => {
    answer({ Error: { Code: code, Message: '' }, RequestId: 'r' });
    await expect(provider().send(codeSms, patient)).rejects.toMatchObject({ code: expected });
  });
});

describe('an SMS to Tencent whose answer does not come', () => {
  it.each([
    ['hangs', () => 'hang' as const],
    ['is cut', () => 'cut' as const],
    ['is a 504', () => ({ status: 504, body: '' })],
    ['cannot be read', () => ({ status: 200, body: '{"Response":' })],
    ['tells about no phone', () => ({ status: 200, body: { Response: { SendStatusSet: [], RequestId: 'r' } } })],
  ])('may have been sent, when the answer %s', async (_what, reply) => {
    ground.server.answer(reply);
    await expect(provider().send(codeSms, patient)).rejects.toMatchObject({ code: 'SMS_OUTCOME_UNKNOWN' });
  });

  it('was not sent, when nobody took the connection', async () => {
    await expect(provider({ baseUrl: ground.deadUrl }).send(codeSms, patient)).rejects.toMatchObject({ code: 'SMS_PROVIDER_AWAY' });
  });
});

describe('asked what became of an SMS, Tencent', () => {
  const what = { deliveryId: codeSms.deliveryId, phone: codeSms.phone, sentAt: new Date('2026-11-20T10:00:00Z') };
  const reported = { SerialNo: '2019:1', UserReceiveTime: 1_795_000_000, ReportStatus: 'SUCCESS', Description: 'DELIVRD', SessionContext: codeSms.deliveryId };

  it('tells it by the serial number, or by our id where there is none', async () => {
    answer({ PullSmsSendStatusSet: [{ ...reported, SerialNo: 'x', SessionContext: 'other' }, reported] });
    const delivered = { state: 'delivered', providerMessageId: '2019:1', at: new Date(1_795_000_000_000) };
    expect(await provider().query(what, patient)).toEqual(delivered);
    expect(await provider().query({ ...what, providerMessageId: '2019:1' }, patient)).toEqual(delivered);
    expect(lastBody()).toMatchObject({ PhoneNumber: codeSms.phone, SmsSdkAppId: '1400006666', BeginTime: Date.parse('2026-11-20T09:59:00Z') / 1_000 });
    answer({ PullSmsSendStatusSet: [{ ...reported, ReportStatus: 'FAIL', Description: 'UNDELIV' }] });
    expect(await provider().query(what, patient)).toMatchObject({ state: 'failed', code: 'UNDELIV' });
  });

  it('does not know what carriers have not reported, however old it is', async () => {
    answer({ PullSmsSendStatusSet: [] });
    expect(await provider().query(what, patient)).toEqual({ state: 'unknown' });
  });
});
