import 'reflect-metadata';
import { createHash } from 'node:crypto';
import { SmsReceipt } from '@angarium/contracts';
import { Metrics } from '@angarium/observability';
import { startRedis, type RunningServer } from '@angarium/testing';
import { MessageBus, RedisStreamsServer, TransportExceptionFilter } from '@angarium/transport';
import { Controller, Module, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { silentLogger } from '../testing/provider-ground.js';
import { ApplyReceipt, type Receipt } from './apply-receipt.js';
import { ReceiveReceipt } from './receive-receipt.controller.js';

const secret = 'a-secret-of-at-least-24-letters';
const digest = (text: string) => createHash('sha256').update(text).digest('hex');
const applied: Receipt[] = [];

/** With a configuration of its own instead of the service's. */
@Controller()
class Door extends ReceiveReceipt {
  constructor(receipts: ApplyReceipt) {
    super(receipts, { PUBLIC_URL: undefined, TWILIO_AUTH_TOKEN: undefined, SMS_RECEIPT_SECRET: secret, SMS_RECEIPT_CIDRS: undefined }, silentLogger);
  }
}

// Nest would inherit what the parameters of the parent class are injected with
Reflect.defineMetadata('self:paramtypes', [], Door);

@Module({ controllers: [Door], providers: [{ provide: ApplyReceipt, useValue: { apply: async (receipt: Receipt) => void applied.push(receipt) } }] })
class Worker {}

describe('a receipt on the bus', () => {
  let redis: RunningServer;
  let app: INestMicroservice;
  let bus: MessageBus;

  beforeAll(async () => {
    redis = await startRedis();
    bus = new MessageBus({ service: 'gateway', redisUrl: redis.url });
    const strategy = new RedisStreamsServer({ service: 'sms-worker', redisUrl: redis.url, metrics: new Metrics('test', false) });
    app = await NestFactory.createMicroservice(Worker, { strategy, logger: false, abortOnError: false });
    app.useGlobalFilters(new TransportExceptionFilter());
    await app.listen();
  });
  afterAll(async () => {
    await app.close();
    await bus.close();
    await redis.stop();
  });

  const body = JSON.stringify([{ success: true, biz_id: 'B1', phone_number: '13900000001' }]);

  it('reaches the ledger and is answered', async () => {
    expect(await bus.send(SmsReceipt, { provider: 'aliyun', body, secretDigest: digest(secret) })).toEqual({ receiptCount: 1 });
    expect(applied).toMatchObject([{ provider: 'aliyun', providerMessageId: 'B1', fate: { state: 'delivered' } }]);
  });

  it('that is refused tells so with its status, for the provider to see', async () => {
    await expect(bus.send(SmsReceipt, { provider: 'aliyun', body, secretDigest: digest('guessed') })).rejects.toMatchObject({ code: 'SMS_RECEIPT_REFUSED', status: 403 });
    expect(applied).toHaveLength(1);
  });
});
