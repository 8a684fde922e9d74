import 'reflect-metadata';
import { Controller, Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Ctx, Payload } from '@nestjs/microservices';
import { GetUser, UserCreated, type PayloadOf } from '@angarium/contracts';
import { defineErrors } from '@angarium/errors';
import { startRedis, waitFor, type RunningServer } from '@angarium/testing';
import { Redis } from 'ioredis';
import { DeadLetters, MessageBus, OnEvent, OnRequest, RedisStreamsServer, StreamsContext, TransportExceptionFilter } from '../index.js';

const Errors = defineErrors({ USER_NOT_FOUND: { status: 404, blame: 'caller', retry: 'never', summary: 'No such user.', cure: 'Check the id.' } });
const seen: { userId: string; attempt: number; service: string }[] = [];
let failing = new Set<string>();

@Controller()
class Handlers {
  @OnEvent(UserCreated)
  onUser(@Payload() user: PayloadOf<typeof UserCreated>, @Ctx() context: StreamsContext) {
    seen.push({ userId: user.userId, attempt: context.getAttempt(), service: 'mailer' });
    if (failing.has(user.userId)) throw new Error('no ink');
  }

  @OnRequest(GetUser)
  getUser({ userId }: PayloadOf<typeof GetUser>) {
    if (userId.endsWith('0000')) throw Errors.USER_NOT_FOUND(`No user ${userId}`);
    return { ...GetUser.responseExample, userId };
  }
}

@Module({ controllers: [Handlers] })
class MailerModule {}

const user = (n: number) => ({ ...UserCreated.example, userId: `0190a6f0-7c1e-7b3a-9d52-${String(n).padStart(12, '0')}` });

describe('the transport', () => {
  let redis: RunningServer;
  let app: INestApplication;
  let bus: MessageBus;
  let raw: Redis;

  beforeAll(async () => {
    redis = await startRedis();
    raw = new Redis(redis.url);
    bus = new MessageBus({ service: 'shop', redisUrl: redis.url });
    app = await NestFactory.create(MailerModule, new FastifyAdapter(), { logger: false });
    app.useGlobalFilters(new TransportExceptionFilter());
    const strategy = new RedisStreamsServer({ service: 'mailer', instance: 'm1', redisUrl: redis.url, leaseMs: 900, retry: { baseMs: 10, maxAttempts: 3 } });
    app.connectMicroservice({ strategy }, { inheritAppConfig: true });
    await app.startAllMicroservices();
  });

  afterAll(async () => {
    await app.close();
    await bus.close();
    raw.disconnect();
    await redis.stop();
  });

  it('hands an event to its handler and forgets it when the handler has ended', async () => {
    await bus.emit(UserCreated, user(1));
    await waitFor(() => seen.some(({ userId }) => userId === user(1).userId), { what: 'the event' });
    const stream = bus.addresses.eventStream('user.created');
    await waitFor(async () => (await raw.xpending(stream, 'mailer'))[0] === 0, { what: 'the acknowledgement' });
  });

  it('answers requests, with typed errors', async () => {
    await expect(bus.send(GetUser, { userId: user(5).userId })).resolves.toMatchObject({ userId: user(5).userId });
    await expect(bus.send(GetUser, { userId: user(10_000).userId })).rejects.toMatchObject({ code: 'USER_NOT_FOUND', status: 404 });
  });

  it('retries a failing handler, then keeps the message as a dead letter until it is redriven', async () => {
    failing = new Set([user(7).userId]);
    await bus.emit(UserCreated, user(7));
    await bus.emit(UserCreated, user(8));
    await waitFor(() => seen.some(({ userId }) => userId === user(8).userId), { what: 'the neighbour' });
    const dead = new DeadLetters(raw);
    const [letter] = await waitFor(async () => {
      const list = await dead.list('user.created', 'mailer');
      return list.length > 0 && list;
    }, { what: 'the dead letter' });
    expect(letter).toMatchObject({ reason: expect.stringContaining('no ink') as string, attempts: 3 });
    expect(letter?.trail).toHaveLength(3);
    failing.clear();
    expect(await dead.redrive('user.created', 'mailer', letter?.id ?? '')).toBe(true);
    await waitFor(() => seen.filter(({ userId }) => userId === user(7).userId).length === 4, { what: 'the redriven message' });
    expect(await dead.list('user.created', 'mailer')).toEqual([]);
  });

  it('handles many', async () => {
    const from = seen.length;
    const started = performance.now();
    await Promise.all(Array.from({ length: 20_000 }, (_, n) => bus.emit(UserCreated, user(100_000 + n))));
    const emitted = performance.now() - started;
    await waitFor(() => seen.length === from + 20_000, { what: 'all events' });
    console.log('emitted', Math.round(emitted), 'handled', Math.round(performance.now() - started));
  });
});
