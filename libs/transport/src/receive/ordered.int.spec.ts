import { UserCreated, type PayloadOf } from '@angarium/contracts';
import { startRedis, waitFor, type RunningServer } from '@angarium/testing';
import { Controller, type INestApplication } from '@nestjs/common';
import { MessageBus, OnEvent } from '../index.js';
import { startApp } from '../testing/start-app.js';
import { user } from '../testing/users.js';

/** Emits `count` events of each key, numbered in their username. */
async function emitNumbered(bus: MessageBus, keys: readonly number[], count: number): Promise<void> {
  for (let n = 0; n < count; n++) for (const key of keys) await bus.emit(UserCreated, { ...user(key), username: String(n) });
}

describe('a handler that asks for order', () => {
  let redis: RunningServer;
  let bus: MessageBus;
  let log: { replica: string; key: string; n: number }[] = [];
  let running = new Map<string, number>();
  let overlaps = 0;
  let failOnce = new Set<string>();

  const replica = (instance: string): Promise<INestApplication> => {
    @Controller()
    class Ledger {
      @OnEvent(UserCreated, { isOrdered: true })
      async onUser({ userId, username }: PayloadOf<typeof UserCreated>): Promise<void> {
        if ((running.get(userId) ?? 0) > 0) overlaps += 1;
        running.set(userId, (running.get(userId) ?? 0) + 1);
        await new Promise((resolve) => setImmediate(resolve));
        running.set(userId, (running.get(userId) ?? 0) - 1);
        if (failOnce.delete(`${userId} ${username}`)) throw new Error('not yet');
        log.push({ replica: instance, key: userId, n: Number(username) });
      }
    }
    return startApp({ service: 'ledger', instance, redisUrl: redis.url }, [Ledger]);
  };
  const numbersOf = (key: number) => log.filter((it) => it.key === user(key).userId).map(({ n }) => n);
  const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

  beforeEach(async () => {
    redis = await startRedis();
    bus = new MessageBus({ service: 'shop', redisUrl: redis.url });
    log = [];
    running = new Map();
    overlaps = 0;
    failOnce = new Set();
  });

  afterEach(async () => {
    await bus.close();
    await redis.stop();
  });

  it('gets the messages of a key one after another in the order of the stream, with several replicas and a failing message', async () => {
    const apps = await Promise.all([replica('r1'), replica('r2'), replica('r3')]);
    failOnce.add(`${user(1).userId} 3`);
    await emitNumbered(bus, [1, 2, 3], 20);
    await waitFor(() => log.length === 60, { what: 'all messages' });
    for (const key of [1, 2, 3]) expect(numbersOf(key)).toEqual(upTo(20));
    expect(overlaps).toBe(0);
    await Promise.all(apps.map((app) => app.close()));
  });

  it('keeps the order when the replica that reads stops and another one takes over', async () => {
    const apps = new Map([['r1', await replica('r1')]]);
    await waitFor(async () => {
      await emitNumbered(bus, [9], 1);
      return log.length > 0;
    }, { what: 'the first replica to read' });
    log = [];
    apps.set('r2', await replica('r2'));
    const emitting = emitNumbered(bus, [1, 2], 40);
    await waitFor(() => log.some(({ n }) => n >= 5), { what: 'some messages' });
    await apps.get('r1')?.close();
    await emitting;
    await waitFor(() => numbersOf(1).length >= 40 && numbersOf(2).length >= 40, { what: 'all messages' });
    expect(numbersOf(1)).toEqual(upTo(40));
    expect(numbersOf(2)).toEqual(upTo(40));
    expect(new Set(log.map((it) => it.replica)).size).toBe(2);
    await apps.get('r2')?.close();
  });
});
