import { createHmac } from 'node:crypto';
import { SmsDelivered, SmsFailed, SmsSent } from '@angarium/contracts';
import { stopAfterTests, waitFor, type Service } from '@angarium/testing';
import { someKey, somePhone, startSmsGround, type SmsGround } from '../testing/sms-ground.js';

const PUBLIC_URL = 'https://api.example.com';
let ground: SmsGround;
let gateway: Service;

beforeAll(async () => {
  ground = await startSmsGround({ PUBLIC_URL }, ['sms-worker', 'gateway']);
  [, gateway] = await Promise.all([ground.startWorker(), ground.startGateway()]);
});
afterEach(() => ground.provider.reset());
afterAll(() => ground.close());

// below the hook above, so that the clients are closed before their servers
stopAfterTests();

/** As Twilio signs: HMAC-SHA1 over the public address and every field, in the order of their names. */
async function receipt(deliveryId: string, sid: string, status: string, token = 'token'): Promise<number> {
  const fields: Record<string, string> = { AccountSid: `AC${'0'.repeat(32)}`, MessageSid: sid, MessageStatus: status, ...(status === 'undelivered' && { ErrorCode: '30003' }) };
  const path = `/sms/receipts/twilio?delivery=${deliveryId}`;
  const signed = Object.keys(fields)
    .sort()
    .reduce((text, name) => text + name + fields[name]!, PUBLIC_URL + path);
  const answer = await fetch(`${gateway.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': createHmac('sha1', token).update(signed).digest('base64') },
    body: new URLSearchParams(fields).toString(),
  });
  return answer.status;
}
const rowOf = (idempotencyKey: string) => ground.ledger.smsDelivery.findFirstOrThrow({ where: { idempotencyKey } });
const told = async (idempotencyKey: string) => {
  const events = await Promise.all([ground.eventsOf(SmsSent), ground.eventsOf(SmsDelivered), ground.eventsOf(SmsFailed)]);
  return events.map((list) => list.filter((it) => it.idempotencyKey === idempotencyKey).length);
};
const send = async (phone = somePhone()) => {
  const idempotencyKey = someKey();
  const { jobId } = await ground.queues.sendSms({ phone, message: 'Your order has been shipped' }, { idempotencyKey });
  return { phone, idempotencyKey, jobId };
};

describe('a receipt of a provider', () => {
  it('that comes before the answer to the sending is written counts, and the answer changes nothing more', async () => {
    const phone = somePhone();
    ground.provider.behave(phone, 'hold');
    const { idempotencyKey, jobId } = await send(phone);
    await waitFor(() => ground.provider.heldCount === 1, { what: 'the SMS at the provider' });
    const { id } = await rowOf(idempotencyKey);
    const sid = ground.provider.takenBy(phone)[0]!.sid;
    expect(await receipt(id, sid, 'delivered')).toBe(204);
    expect(await rowOf(idempotencyKey)).toMatchObject({ status: 'delivered', providerMessageId: sid });
    ground.provider.release();
    await ground.ended(jobId);
    expect(await rowOf(idempotencyKey)).toMatchObject({ status: 'delivered', segments: 1 });
    await waitFor(async () => (await told(idempotencyKey)).join() === '1,1,0', { what: 'sms.sent and sms.delivered, once each' });
  });

  it('is harmless late, twice and in the wrong order', async () => {
    const { phone, idempotencyKey, jobId } = await send();
    await ground.ended(jobId);
    const { id } = await rowOf(idempotencyKey);
    const sid = ground.provider.takenBy(phone)[0]!.sid;
    for (const status of ['delivered', 'sent', 'delivered', 'undelivered', 'queued']) expect(await receipt(id, sid, status)).toBe(204);
    expect(await rowOf(idempotencyKey)).toMatchObject({ status: 'delivered' });
    await waitFor(async () => (await told(idempotencyKey)).join() === '1,1,0', { what: 'the events' });
  });

  it('of which the signature does not fit changes nothing', async () => {
    const { phone, idempotencyKey, jobId } = await send();
    await ground.ended(jobId);
    const { id } = await rowOf(idempotencyKey);
    expect(await receipt(id, ground.provider.takenBy(phone)[0]!.sid, 'delivered', 'another token')).toBe(403);
    expect(await rowOf(idempotencyKey)).toMatchObject({ status: 'sent' });
  });

  it('of an SMS that was never sent is taken and changes nothing', async () => {
    expect(await receipt('0190a6f0-9e30-7d5c-9f74-5c7181e4f601', `SM${'1'.repeat(32)}`, 'delivered')).toBe(204);
    expect(await receipt(`x' OR '1'='1`, `SM${'1'.repeat(32)}`, 'delivered')).not.toBe(500);
  });

  it('brings an SMS to its end of which nobody knew', async () => {
    const phone = somePhone();
    ground.provider.behave(phone, 'fail');
    const { idempotencyKey } = await send(phone);
    const { id } = await waitFor(async () => {
      const row = await rowOf(idempotencyKey).catch(() => undefined);
      return row?.status === 'unknown' && row;
    }, { what: 'the SMS to be unknown' });
    expect(await receipt(id, `SM${'2'.repeat(32)}`, 'undelivered')).toBe(204);
    expect(await rowOf(idempotencyKey)).toMatchObject({ status: 'undelivered', sends: 1, lastCode: '30003' });
  });
});
