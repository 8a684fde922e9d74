import { createHash } from 'node:crypto';
import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks.js';
import { silentLogger } from '../testing/provider-ground.js';
import { ApplyReceipt, type Receipt } from './apply-receipt.js';
import { ReceiveReceipt } from './receive-receipt.controller.js';

class Ledger extends ApplyReceipt {
  readonly applied: Receipt[] = [];
  failing: string | undefined;

  apply(receipt: Receipt): Promise<void> {
    if (receipt.providerMessageId === this.failing) return Promise.reject(new Error('the store is away'));
    this.applied.push(receipt);
    return Promise.resolve();
  }
}

const secrets = { PUBLIC_URL: 'https://api.example.com', TWILIO_AUTH_TOKEN: 'the-token', SMS_RECEIPT_SECRET: 'a-secret-of-at-least-24-letters', SMS_RECEIPT_CIDRS: undefined };
const digest = (text: string) => createHash('sha256').update(text).digest('hex');
let ledger: Ledger;
let door: ReceiveReceipt;
beforeEach(() => {
  ledger = new Ledger();
  door = new ReceiveReceipt(ledger, secrets, silentLogger);
});

describe('a receipt of Twilio', () => {
  const fields = { MessageSid: 'SM1', SmsSid: 'SM1', MessageStatus: 'delivered', SmsStatus: 'delivered', To: '+4915112345678', AccountSid: 'AC1', ParameterOfTomorrow: 'ü & +' };
  const url = 'https://api.example.com/sms/receipts/twilio?delivery=d-1';
  const told = (form: Record<string, string>, more: object = {}) => ({
    provider: 'twilio' as const,
    deliveryId: 'd-1',
    body: new URLSearchParams(form).toString(),
    signature: getExpectedTwilioSignature('the-token', url, form),
    ...more,
  });

  it('moves its SMS when the signature fits our public address and every field, those we do not know among them', async () => {
    expect(await door.receive(told(fields))).toEqual({ receiptCount: 1 });
    expect(ledger.applied).toEqual([{ provider: 'twilio', providerMessageId: 'SM1', deliveryId: 'd-1', fate: { state: 'delivered', providerMessageId: 'SM1' } }]);
  });

  it('says why an SMS was not delivered', async () => {
    await door.receive(told({ ...fields, MessageStatus: 'undelivered', ErrorCode: '30006' }));
    expect(ledger.applied[0]?.fate).toEqual({ state: 'failed', providerMessageId: 'SM1', code: '30006', reason: 'the number is a landline or its carrier takes no SMS' });
  });

  it.each([
    ['no signature', { signature: undefined }],
    ['the signature of another token', { signature: getExpectedTwilioSignature('another', url, fields) }],
    ['the signature of another address', { signature: getExpectedTwilioSignature('the-token', 'https://evil.example/sms/receipts/twilio?delivery=d-1', fields) }],
    ['a field changed', { body: new URLSearchParams({ ...fields, MessageStatus: 'failed' }).toString() }],
    ['a field added', { body: new URLSearchParams({ ...fields, More: '1' }).toString() }],
    ['another SMS in its address', { deliveryId: 'd-2' }],
    ['no SMS in its address', { deliveryId: undefined }],
  ])('with %s is refused and moves nothing', async (_what, change) => {
    await expect(door.receive({ ...told(fields), ...change })).rejects.toMatchObject({ code: 'SMS_RECEIPT_REFUSED', status: 403 });
    expect(ledger.applied).toEqual([]);
  });

  it('is refused where we have no token or no public address: nothing could be proven', async () => {
    for (const missing of ['TWILIO_AUTH_TOKEN', 'PUBLIC_URL']) {
      const blind = new ReceiveReceipt(ledger, { ...secrets, [missing]: undefined }, silentLogger);
      await expect(blind.receive(told(fields))).rejects.toMatchObject({ code: 'SMS_RECEIPT_REFUSED' });
    }
  });

  it('about no SMS is told to be unreadable; a status of tomorrow moves nothing', async () => {
    await expect(door.receive(told({ CallSid: 'CA1' }))).rejects.toMatchObject({ code: 'SMS_RECEIPT_UNREADABLE' });
    await door.receive(told({ ...fields, MessageStatus: 'pondering' }));
    expect(ledger.applied).toEqual([]);
  });
});

describe('a bundle of receipts', () => {
  const told = (provider: 'aliyun' | 'tencent', body: unknown, secret = secrets.SMS_RECEIPT_SECRET) => ({ provider, body: typeof body === 'string' ? body : JSON.stringify(body), secretDigest: digest(secret) });
  const aliyun = [
    { phone_number: '13900000001', send_time: '2026-11-21 09:00:00', report_time: '2026-11-21 09:00:03', success: true, err_code: 'DELIVERED', err_msg: '用户接收成功', sms_size: '1', biz_id: 'B1', out_id: 'd-1' },
    { phone_number: '13900000002', report_time: '2026-11-21 09:00:04', success: false, err_code: 'MOBILE_NOT_ON_SERVICE', err_msg: 'x', biz_id: 'B2' },
    { phone_number: '13900000002', content: 'a reply' },
  ];

  it('of Aliyun moves each SMS, with the time of China', async () => {
    expect(await door.receive(told('aliyun', aliyun))).toEqual({ receiptCount: 2 });
    expect(ledger.applied).toEqual([
      { provider: 'aliyun', providerMessageId: 'B1', deliveryId: 'd-1', fate: { state: 'delivered', providerMessageId: 'B1', at: new Date('2026-11-21T01:00:03Z') } },
      { provider: 'aliyun', providerMessageId: 'B2', fate: { state: 'failed', providerMessageId: 'B2', code: 'MOBILE_NOT_ON_SERVICE', reason: 'the carrier did not deliver it', at: new Date('2026-11-21T01:00:04Z') } },
    ]);
  });

  it('of Tencent moves each SMS', async () => {
    await door.receive(told('tencent', [
      { user_receive_time: '2026-11-21 08:03:04', nationcode: '86', mobile: '13xxxxxxxxx', report_status: 'SUCCESS', errmsg: 'DELIVRD', description: '用户短信送达成功', sid: 'S1' },
      { user_receive_time: '2026-11-21 08:03:04', mobile: '13xxxxxxxxx', report_status: 'FAIL', errmsg: 'a text about 13900000001', description: 'x', sid: 'S2', ext: 'd-2' },
    ]));
    expect(ledger.applied.map(({ deliveryId, fate }) => [deliveryId, fate.state])).toEqual([[undefined, 'delivered'], ['d-2', 'failed']]);
    expect(JSON.stringify(ledger.applied)).not.toContain('139');
  });

  it('with a wrong secret or none, or where we have none, is refused and moves nothing', async () => {
    await expect(door.receive(told('aliyun', aliyun, 'another-secret-of-24-letters'))).rejects.toMatchObject({ code: 'SMS_RECEIPT_REFUSED', status: 403 });
    await expect(door.receive({ ...told('aliyun', aliyun), secretDigest: undefined })).rejects.toMatchObject({ code: 'SMS_RECEIPT_REFUSED' });
    const blind = new ReceiveReceipt(ledger, { ...secrets, SMS_RECEIPT_SECRET: undefined }, silentLogger);
    await expect(blind.receive(told('aliyun', aliyun))).rejects.toMatchObject({ code: 'SMS_RECEIPT_REFUSED' });
    expect(ledger.applied).toEqual([]);
  });

  it('is taken from the networks that are named, and from nowhere else', async () => {
    const picky = new ReceiveReceipt(ledger, { ...secrets, SMS_RECEIPT_CIDRS: '203.0.113.0/24, 2001:db8::/32' }, silentLogger);
    for (const remoteAddress of ['203.0.113.7', '::ffff:203.0.113.7', '2001:db8::1']) await picky.receive({ ...told('aliyun', aliyun), remoteAddress });
    expect(ledger.applied).toHaveLength(6);
    for (const remoteAddress of ['203.0.114.7', '2001:db9::1', 'nonsense', undefined]) {
      await expect(picky.receive({ ...told('aliyun', aliyun), remoteAddress })).rejects.toMatchObject({ code: 'SMS_RECEIPT_REFUSED' });
    }
  });

  it.each(['', '{', '{}', 'null', '[1]', '[[]]', '[null]'])('that says %j is unreadable', async (body) => {
    await expect(door.receive(told('tencent', body))).rejects.toMatchObject({ code: 'SMS_RECEIPT_UNREADABLE' });
  });

  it('whose one receipt cannot be written fails, so that the provider repeats it, after the others were written', async () => {
    ledger.failing = 'B1';
    await expect(door.receive(told('aliyun', aliyun))).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(ledger.applied.map(({ providerMessageId }) => providerMessageId)).toEqual(['B2']);
  });
});
