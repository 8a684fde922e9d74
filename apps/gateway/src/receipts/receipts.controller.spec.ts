import { createHash } from 'node:crypto';
import { MAX_RECEIPT_LENGTH, SmsReceipt } from '@angarium/contracts';
import type { receiveSmsReceipts, receiveTwilioReceipt } from '@angarium/contracts/gateway-api';
import type { RouteCall } from '@angarium/service-shell';
import type { MessageBus } from '@angarium/transport';
import { ReceiptsController } from './receipts.controller.js';

const sent: unknown[][] = [];
const controller = new ReceiptsController({ send: async (...told: unknown[]) => void sent.push(told) } as unknown as MessageBus);
beforeEach(() => void (sent.length = 0));

const fromTwilio = (call: object) => controller.twilio({ query: {}, headers: {}, ...call } as unknown as RouteCall<typeof receiveTwilioReceipt>);
const bundle = (call: object) => controller.bundle(call as RouteCall<typeof receiveSmsReceipts>);

describe('a receipt at the gateway', () => {
  it('of Twilio is handed on as it came, with its signature and the SMS that its address names', async () => {
    await fromTwilio({ query: { delivery: 'd-1' }, headers: { 'x-twilio-signature': 's=' }, bodyText: 'MessageSid=SM1&To=%2B49' });
    expect(sent).toEqual([[SmsReceipt, { provider: 'twilio', deliveryId: 'd-1', signature: 's=', body: 'MessageSid=SM1&To=%2B49' }]]);
  });

  it('of Twilio without a signature is handed on without one, for the worker to refuse', async () => {
    await fromTwilio({});
    expect(sent).toEqual([[SmsReceipt, { provider: 'twilio', body: '' }]]);
  });

  it.each([
    ['aliyun', { code: 0, msg: 'ok' }],
    ['tencent', { result: 0, errmsg: 'OK' }],
  ])('of %s is answered as the provider wants it, and its secret goes no further than here', async (provider, answer) => {
    expect(await bundle({ params: { provider, secret: 'the-secret' }, bodyText: '[]', remoteAddress: '203.0.113.7' })).toEqual(answer);
    expect(sent).toEqual([[SmsReceipt, { provider, body: '[]', secretDigest: createHash('sha256').update('the-secret').digest('hex'), remoteAddress: '203.0.113.7' }]]);
    expect(JSON.stringify(sent)).not.toContain('the-secret');
  });

  it('that is longer than any provider sends is refused here', async () => {
    await expect(bundle({ params: { provider: 'aliyun', secret: 's' }, bodyText: 'x'.repeat(MAX_RECEIPT_LENGTH + 1) })).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE', message: expect.stringContaining('200000 characters') as string });
    expect(sent).toEqual([]);
  });
});
