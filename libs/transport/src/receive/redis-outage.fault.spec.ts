import { GetUser, UserCreated, type PayloadOf, type ResponseOf } from '@angarium/contracts';
import { startRedis, waitFor, type RunningServer } from '@angarium/testing';
import { Controller, type INestApplication } from '@nestjs/common';
import { Redis } from 'ioredis';
import { MessageBus, OnEvent, OnRequest } from '../index.js';
import { startApp } from '../testing/start-app.js';
import { user } from '../testing/users.js';

let handled: { userId: string; at: number }[] = [];

@Controller()
class Mailer {
  @OnEvent(UserCreated)
  onUser({ userId }: PayloadOf<typeof UserCreated>): void {
    handled.push({ userId, at: performance.now() });
  }

  @OnRequest(GetUser)
  getUser({ userId }: PayloadOf<typeof GetUser>): ResponseOf<typeof GetUser> {
    return { ...GetUser.responseExample, userId };
  }
}

describe.each(['always', 'everysec'] as const)('Redis with appendfsync %s', (appendfsync) => {
  let redis: RunningServer;
  let app: INestApplication;
  let bus: MessageBus;
  // load and faults of a test end with it, also when it fails
  let isOver: boolean;
  beforeEach(() => void (isOver = false));
  afterEach(() => void (isOver = true));

  beforeAll(async () => {
    handled = [];
    redis = await startRedis({ appendfsync });
    bus = new MessageBus({ service: 'shop', redisUrl: redis.url });
    app = await startApp({ service: 'mailer', instance: 'm1', redisUrl: redis.url }, [Mailer]);
    await bus.emit(UserCreated, user(0));
    await waitFor(() => handled.length === 1, { what: 'the first event' });
  });

  afterAll(async () => {
    await app.close();
    await bus.close();
    await redis.stop();
  });

  it('killed and restarted under 1 000 emits in flight: every emit that resolved is handled, every request settles, work goes on within 2 s', async () => {
    const acknowledged = new Set<string>();
    const failed: unknown[] = [];
    const emits: Promise<void>[] = [];
    const sends: Promise<unknown>[] = [];
    // a window of 1 000 is in flight all the time, so that the kill finds emits in every state
    const offer = (n: number): Promise<void> =>
      bus.emit(UserCreated, user(n)).then(
        () => void acknowledged.add(user(n).userId),
        (error: unknown) => void failed.push(error),
      );
    let next = 1;
    const keepOffering = async (until: () => boolean) => {
      while (!until()) await offer(next++);
    };
    for (let lane = 0; lane < 1_000; lane++) emits.push(keepOffering(() => isOver));
    await waitFor(() => acknowledged.size > 2_000, { what: 'load' });
    for (let n = 0; n < 100; n++) sends.push(bus.send(GetUser, { userId: user(n).userId }).catch((error: unknown) => error));
    await redis.kill('SIGKILL');
    for (let n = 0; n < 100; n++) sends.push(bus.send(GetUser, { userId: user(n).userId }, { timeoutMs: 2_000 }).catch((error: unknown) => error));
    await redis.restart();
    const backAt = performance.now();
    const recovery = await waitFor(() => handled.find(({ at }) => at > backAt), { what: 'the first message after the restart' });
    isOver = true;
    await Promise.all(emits);
    const answers = await Promise.all(sends);

    await waitFor(
      () => {
        const seen = new Set(handled.map(({ userId }) => userId));
        return [...acknowledged].every((userId) => seen.has(userId));
      },
      { what: 'every acknowledged event' },
    );
    const seen = handled.map(({ userId }) => userId);
    const counters = {
      attempted: next,
      acknowledged: acknowledged.size,
      failed: failed.length,
      handled: seen.length,
      duplicated: seen.length - new Set(seen).size,
      recoveryMs: Math.round(recovery.at - backAt),
    };
    console.info(appendfsync, counters);
    expect(failed).toEqual([]);
    expect(recovery.at - backAt).toBeLessThan(2_000);
    expect(answers).toHaveLength(200);
    for (const answer of answers) expect((answer as { userId?: string }).userId ?? (answer as { code?: string }).code).toBeDefined();
    await expect(bus.send(GetUser, { userId: user(1).userId })).resolves.toBeDefined();
  });

  it('flushed: groups come back and new events flow, without a restart of anything', async () => {
    const raw = new Redis(redis.url);
    await raw.flushall();
    raw.disconnect();
    handled = [];
    await bus.emit(UserCreated, user(900_001));
    await bus.emit(UserCreated, user(900_002));
    await waitFor(() => handled.length === 2, { what: 'events after the flush' });
    await expect(bus.send(GetUser, { userId: user(1).userId })).resolves.toBeDefined();
  });

  it('answered a batch whose acknowledgement was cut off: the batch is sent again and stored once', async () => {
    const raw = new Redis(redis.url);
    handled = [];
    const ids = new Set<string>();
    const cutting = (async () => {
      while (!isOver) {
        await raw.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    for (let round = 0; round < 40; round++) {
      const batch = Array.from({ length: 200 }, (_, n) => user(1_000_000 + round * 200 + n));
      await Promise.all(batch.map((one) => bus.emit(UserCreated, one)));
      for (const { userId } of batch) ids.add(userId);
    }
    isOver = true;
    await cutting;
    const stored = await raw.xrange(bus.addresses.eventStream('user.created'), '-', '+');
    const storedIds = stored.map(([, fields]) => (JSON.parse(fields[1] ?? '') as { subject: string }).subject).filter((id) => ids.has(id));
    raw.disconnect();
    expect(storedIds).toHaveLength(ids.size);
    expect(new Set(storedIds).size).toBe(ids.size);
    await waitFor(() => new Set(handled.map(({ userId }) => userId)).size === ids.size, { what: 'all of them' });
  });
});

describe('Redis that is away from the start', () => {
  it('stops neither the sender nor the handlers: both begin when it answers, and meanwhile every call settles', async () => {
    const redis = await startRedis();
    await redis.kill('SIGKILL');
    handled = [];
    const bus = new MessageBus({ service: 'shop', redisUrl: redis.url });
    const app = await startApp({ service: 'mailer', redisUrl: redis.url }, [Mailer]);
    await expect(bus.emit(UserCreated, user(1), { timeoutMs: 200 })).rejects.toMatchObject({ code: 'TRANSPORT_UNAVAILABLE' });
    await expect(bus.emit(UserCreated, user(2), { failureMode: 'open' })).resolves.toBeNull();
    await expect(bus.send(GetUser, { userId: user(1).userId }, { timeoutMs: 200 })).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT' });
    const patient = bus.emit(UserCreated, user(3));
    await redis.restart();
    await expect(patient).resolves.toEqual(expect.any(String));
    await waitFor(() => handled.some(({ userId }) => userId === user(3).userId), { what: 'the event that waited' });
    expect(handled.some(({ userId }) => userId === user(2).userId)).toBe(false);
    await app.close();
    await bus.close();
    await redis.stop();
  });

  it('does not hold up a service that stops', async () => {
    const redis = await startRedis();
    const bus = new MessageBus({ service: 'shop', redisUrl: redis.url });
    const app = await startApp({ service: 'mailer', redisUrl: redis.url }, [Mailer]);
    await bus.emit(UserCreated, user(1));
    await waitFor(() => handled.some(({ userId }) => userId === user(1).userId), { what: 'the event' });
    await redis.kill('SIGKILL');
    const started = performance.now();
    await app.close();
    await bus.close();
    expect(performance.now() - started).toBeLessThan(5_000);
    await redis.stop();
  });
});

describe('a stream that nobody reads', () => {
  it('loses what is older than the retention, and nothing that a group has not handled', async () => {
    const redis = await startRedis();
    const raw = new Redis(redis.url);
    const bus = new MessageBus({ service: 'shop', redisUrl: redis.url, retentionMs: 60_000 });
    const stream = bus.addresses.eventStream('user.created');
    const old = Date.now() - 120_000;
    for (let n = 0; n < 500; n++) await raw.xadd(stream, `${old}-${n + 1}`, 'data', '{}');
    await bus.emit(UserCreated, user(1));
    // whole nodes of about 100 entries go; the last one stays with the new entry
    await waitFor(async () => (await raw.xlen(stream)) <= 101, { what: 'the old entries to go' });
    raw.disconnect();
    await bus.close();
    await redis.stop();
  });
});
