import { createAddresses } from '@angarium/contracts';
import { Metrics, silentLogger } from '@angarium/observability';
import { closeRedis, type RedisConnection } from '@angarium/redis';
import { startRedis, stopAfterTests, waitFor, type RunningServer } from '@angarium/testing';
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { connectWatchRedis } from '../connect-watch-redis.js';
import { BrokerMeter } from './broker-meter.js';
import { ReplicaFigures } from './replica-figures.js';

stopAfterTests();
let redis: RunningServer;
let admin: Redis;
let namespace: string;
const open: { figures: ReplicaFigures; connection: RedisConnection }[] = [];
beforeAll(async () => {
  redis = await startRedis();
  admin = new Redis(redis.url, { retryStrategy: () => 50, disconnectTimeout: 50 });
  admin.on('error', () => undefined);
});
beforeEach(() => {
  namespace = `t${randomUUID()}`;
});
afterEach(async () => {
  await Promise.all(
    open.splice(0).map(async ({ figures, connection }) => {
      await figures.stop();
      await closeRedis(connection);
    }),
  );
});
afterAll(() => admin.disconnect());

async function replica(instance: string) {
  const options = { redisUrl: redis.url, addresses: createAddresses(namespace), logger: silentLogger, instance, version: '1', reconnectMaxMs: 50 };
  const connection = connectWatchRedis(options);
  // a replica that has been there for a hundred seconds
  let ms = 0;
  const meter = new BrokerMeter(new Metrics('test', false), () => ms);
  ms = 100_000;
  const figures = new ReplicaFigures(connection, options, meter);
  open.push({ figures, connection });
  await waitFor(() => connection.status === 'ready', { what: 'the connection' });
  return { meter, figures };
}
const origin = { tenantId: 'a', topicId: 't', subscriptionId: 's' };

describe('figures of replicas', () => {
  it('add up, whichever replica is asked', async () => {
    const [one, two] = [await replica('one'), await replica('two')];
    one.meter.published(100, 'commit', 1);
    two.meter.published(50, 'commit', 1);
    two.meter.delivered('pull', 30, origin);
    await two.figures.pass();
    await one.figures.pass();
    await two.figures.pass();
    for (const { figures } of [one, two]) {
      const [all, tenant, other] = await figures.read(['all', 'tenant:a', 'tenant:b']);
      expect(all!.rates).toMatchObject({ published: 1.5, delivered: 0.01 });
      expect(tenant).toMatchObject({ averageMs: 30, rates: { published: 0, delivered: 0.01 } });
      expect(other!.rates.delivered).toBe(0);
      expect([...figures.replicas()!].sort()).toEqual(['one', 'two']);
    }
  });

  it('are those of the replicas that live: one that stopped is not counted, one that was killed not for long', async () => {
    const [one, two] = [await replica('one'), await replica('two')];
    two.meter.published(50, 'commit', 1);
    two.figures.start();
    await waitFor(async () => {
      await one.figures.pass();
      return one.figures.replicas()!.length === 2;
    }, { what: 'the second replica to be known' });
    await two.figures.stop();
    await one.figures.pass();
    expect(one.figures.replicas()).toEqual(['one']);
    expect((await one.figures.read(['all']))[0]!.rates.published).toBe(0);

    // one that was killed: heard of last half a minute ago
    await admin.zadd(`${namespace}:mq:instances`, Date.now() - 31_000, 'killed');
    await one.figures.pass();
    expect(one.figures.replicas()).toEqual(['one']);
    expect(await admin.pttl(`${namespace}:mq:meter:one`)).toBeGreaterThan(20_000);
  });

  it('are this replica’s alone when another one wrote something that cannot be read', async () => {
    const one = await replica('one');
    one.meter.published(100, 'commit', 1);
    await admin.zadd(`${namespace}:mq:instances`, Date.now(), 'newer');
    await admin.hset(`${namespace}:mq:meter:newer`, 'all', '{"v":2}');
    await one.figures.pass();
    expect((await one.figures.read(['all']))[0]!.rates.published).toBe(1);
  });

  it('are told at once, and are this replica’s alone, while Redis is away', async () => {
    const one = await replica('one');
    one.meter.published(100, 'commit', 1);
    await admin.zadd(`${namespace}:mq:instances`, Date.now(), 'two');
    await one.figures.pass();
    await redis.kill('SIGSTOP');
    try {
      const began = performance.now();
      expect((await one.figures.read(['all']))[0]!.rates.published).toBe(1);
      expect(performance.now() - began).toBeLessThan(3_000);
      await expect(one.figures.pass()).rejects.toThrow();
    } finally {
      await redis.kill('SIGCONT');
    }
    await waitFor(() => one.figures.pass().then(() => true), { what: 'a pass after Redis is back' });
  });
});
