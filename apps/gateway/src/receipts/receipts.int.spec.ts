import 'reflect-metadata';
import { createHash } from 'node:crypto';
import { SmsReceipt, type PayloadOf, type ResponseOf } from '@angarium/contracts';
import { defineErrors } from '@angarium/errors';
import { buildApps, createTestDatabase, startPostgres, startRedis, startService, stopAfterTests, type Service } from '@angarium/testing';
import { OnRequest, RedisStreamsServer, TransportExceptionFilter } from '@angarium/transport';
import { Controller, Module, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

const Errors = defineErrors({ SMS_RECEIPT_REFUSED: { status: 403, blame: 'caller', retry: 'never', summary: 'No.', cure: 'None.' } });
const told: PayloadOf<typeof SmsReceipt>[] = [];

/** In the place of the SMS worker; believes everything but one body. */
@Controller()
class Worker {
  @OnRequest(SmsReceipt)
  receive(receipt: PayloadOf<typeof SmsReceipt>): ResponseOf<typeof SmsReceipt> {
    if (receipt.body === 'forged') throw Errors.SMS_RECEIPT_REFUSED();
    told.push(receipt);
    return { receiptCount: 1 };
  }
}
@Module({ controllers: [Worker] })
class WorkerModule {}

describe('a receipt of an SMS provider', () => {
  let gateway: Service;
  let worker: INestMicroservice;

  beforeAll(async () => {
    const [bundles, redis, postgres] = await Promise.all([buildApps(['gateway']), startRedis(), startPostgres()]);
    const database = await createTestDatabase(postgres);
    const strategy = new RedisStreamsServer({ service: 'sms-worker', redisUrl: redis.url });
    worker = await NestFactory.createMicroservice(WorkerModule, { strategy, logger: false, abortOnError: false });
    worker.useGlobalFilters(new TransportExceptionFilter());
    await worker.listen();
    const env = { DATABASE_URL: database.url, REDIS_URL: redis.url, GATEWAY_TOKEN: 'a-token-for-this-test-only', SEAL_KEYS: `k1:${Buffer.alloc(32, 1).toString('base64')}` };
    gateway = await startService({ name: 'gateway', main: bundles['gateway'], env });
    await gateway.ready();
  });
  afterAll(() => worker?.close());
  stopAfterTests();
  beforeEach(() => void (told.length = 0));

  const post = (path: string, body: string, headers: Record<string, string>) => fetch(`${gateway.url}${path}`, { method: 'POST', body, headers });
  const form = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8', 'x-twilio-signature': 'c2lnbmVk' };

  it('needs no credential of ours and reaches the worker letter by letter', async () => {
    const body = 'MessageSid=SM1&MessageStatus=delivered&To=%2B4915112345678&Body=a+b%26%C3%BC';
    const answer = await post('/sms/receipts/twilio?delivery=0190a6f0-8d2f-7c4b-8e63-4b6070d3e5f0', body, form);
    expect([answer.status, await answer.text()]).toEqual([204, '']);
    expect(told).toEqual([{ provider: 'twilio', deliveryId: '0190a6f0-8d2f-7c4b-8e63-4b6070d3e5f0', signature: 'c2lnbmVk', body }]);
  });

  it.each([
    ['aliyun', 'application/json;charset=utf-8', { code: 0, msg: 'ok' }],
    ['tencent', 'text/plain', { result: 0, errmsg: 'OK' }],
  ])('of %s is acknowledged as it wants it, and its secret is written nowhere', async (provider, type, acknowledged) => {
    const secret = 's'.repeat(100);
    const body = '[{"biz_id": "B1", "n": 1.0}]';
    const answer = await post(`/sms/receipts/${provider}/${secret}`, body, { 'content-type': type });
    expect([answer.status, await answer.json()]).toEqual([200, acknowledged]);
    expect(told).toEqual([{ provider, secretDigest: createHash('sha256').update(secret).digest('hex'), remoteAddress: '127.0.0.1', body }]);
    expect(gateway.output()).not.toContain(secret);
  });

  it('that the worker does not believe is answered with 403', async () => {
    const answer = await post('/sms/receipts/twilio', 'forged', form);
    expect([answer.status, await answer.json()]).toEqual([403, expect.objectContaining({ code: 'SMS_RECEIPT_REFUSED' })]);
  });

  it('of nobody we know, or too long, is refused at the door', async () => {
    expect((await post('/sms/receipts/acme/secret', '[]', {})).status).toBe(422);
    expect((await post('/sms/receipts/aliyun/secret', 'x'.repeat(200_001), { 'content-type': 'application/json' })).status).toBe(413);
    expect(told).toEqual([]);
  });
});
