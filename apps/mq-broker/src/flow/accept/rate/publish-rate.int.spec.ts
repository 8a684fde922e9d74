import { createAddresses } from '@angarium/contracts';
import type { Logger } from '@angarium/observability';
import { closeRedis, connectRedis, type RedisConnection } from '@angarium/redis';
import { silentLogger } from '@angarium/observability';
import { startRedis, stopAfterTests, waitFor, type RunningServer } from '@angarium/testing';
import { randomUUID } from 'node:crypto';
import { PublishRate, type RateVerdict } from './publish-rate.js';

stopAfterTests();
const addresses = createAddresses('test');
let server: RunningServer;
const connections: RedisConnection[] = [];
let lines: string[];
const logger = { warn: (_: object, text: string) => lines.push(text), info: (text: string) => lines.push(text) } as unknown as Logger;

beforeAll(async () => {
  server = await startRedis();
});
beforeEach(() => (lines = []));
afterEach(() => Promise.all(connections.splice(0).map((it) => closeRedis(it))));

async function replica(defaultRate = 100_000): Promise<PublishRate> {
  const redis = connectRedis({ url: server.url, name: 'rate-test', logger: silentLogger });
  connections.push(redis);
  await waitFor(() => redis.status === 'ready', { what: 'redis to be connected' });
  return new PublishRate({ redis, addresses, logger, defaultRate });
}
const tenantOf = (publishRate?: number) => ({ tenantId: randomUUID(), publishRate });
const refused = (verdict: RateVerdict) => (verdict === true ? 0 : verdict.retryAfterMs);
/** Takes as fast as it can for a while. @returns how many messages were allowed. */
async function flood(rates: readonly PublishRate[], tenant: { tenantId: string; publishRate: number | undefined }, forMs: number, count = 1): Promise<number> {
  let allowed = 0;
  const until = performance.now() + forMs;
  await Promise.all(
    rates.map(async (rate) => {
      while (performance.now() < until) if ((await rate.take(tenant, count)) === true) allowed += count;
    }),
  );
  return allowed;
}

describe('the publish rate of a tenant', () => {
  it('a second of it may be used at once, then the next is refused with the time until it is free', async () => {
    const rate = await replica();
    const tenant = tenantOf(3);
    for (let n = 0; n < 3; n++) expect(await rate.take(tenant, 1)).toBe(true);
    const wait = refused(await rate.take(tenant, 1));
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(334);
    await waitFor(async () => (await rate.take(tenant, 1)) === true, { what: 'the next permit', timeoutMs: 1_000 });
  });

  it('whoever waits for retryAfterMs gets what was refused', async () => {
    const rate = await replica();
    const tenant = tenantOf(50);
    await rate.take(tenant, 50);
    const wait = refused(await rate.take(tenant, 20));
    expect(wait).toBeGreaterThan(300);
    const until = performance.now() + wait;
    await waitFor(() => performance.now() >= until, { what: 'the time that it said' });
    expect(await rate.take(tenant, 20)).toBe(true);
  });

  it('that is lowered holds at once: what was fetched for the old one is let go', async () => {
    const rate = await replica();
    const tenant = tenantOf(100_000);
    expect(await rate.take(tenant, 1)).toBe(true);
    const lowered = { ...tenant, publishRate: 5 };
    let allowed = 0;
    while ((await rate.take(lowered, 1)) === true) allowed++;
    expect(allowed).toBeLessThanOrEqual(5);
  });

  it('two replicas together stay within the rate, one chunk each aside', async () => {
    const rates = [await replica(), await replica()];
    const began = performance.now();
    const allowed = await flood(rates, tenantOf(1_000), 1_000);
    const seconds = (performance.now() - began) / 1_000;
    const chunk = 50;
    expect(allowed).toBeLessThanOrEqual(1_000 + seconds * 1_000 + rates.length * chunk);
    expect(allowed).toBeGreaterThan(1_200); // the burst, and some of the second
  });

  it('most publishes are allowed from memory, without waiting for Redis', async () => {
    const rate = await replica();
    const tenant = tenantOf(10_000);
    let waits = 0;
    for (let n = 0; n < 2_000; n++) {
      const verdict = rate.take(tenant, 1);
      if (verdict instanceof Promise) waits++;
      expect(await verdict).toBe(true);
    }
    expect(waits).toBe(4); // chunks of 500
  });

  it('a hundred that come together wait for one answer of Redis, in their order', async () => {
    const rate = await replica();
    const tenant = tenantOf(6);
    const order: number[] = [];
    const verdicts = await Promise.all(
      Array.from({ length: 100 }, async (_, n) => {
        const verdict = await rate.take(tenant, 1);
        if (verdict === true) order.push(n);
        return verdict;
      }),
    );
    expect(verdicts.filter((it) => it === true)).toHaveLength(6);
    expect(order).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('a batch gets all its permits or none', async () => {
    const rate = await replica();
    const tenant = tenantOf(100);
    expect(await rate.take(tenant, 70)).toBe(true);
    expect(refused(await rate.take(tenant, 70))).toBeGreaterThan(0);
    expect(await rate.take(tenant, 30)).toBe(true);
  });

  it('a batch larger than a second of the rate is allowed after a quiet second, and paid off before anything else', async () => {
    const rate = await replica();
    const tenant = tenantOf(10);
    expect(await rate.take(tenant, 100)).toBe(true);
    const wait = refused(await rate.take(tenant, 1));
    expect(wait).toBeGreaterThan(8_000);
    expect(wait).toBeLessThanOrEqual(9_100);
  });

  it('tenants do not share a rate, and one without a rate of its own has the default', async () => {
    const rate = await replica(5);
    const [first, second] = [tenantOf(), tenantOf()];
    expect(await rate.take(first, 5)).toBe(true);
    expect(refused(await rate.take(first, 1))).toBeGreaterThan(0);
    expect(await rate.take(second, 5)).toBe(true);
  });

  it('a clock of Redis that is set back an hour stops nobody', async () => {
    const rate = await replica();
    const tenant = tenantOf(10);
    const anHourAhead = (Date.now() + 3_600_000) * 1_000;
    await connections[0]!.set(addresses.mqKey('rate', tenant.tenantId), String(anHourAhead));
    expect(await rate.take(tenant, 1)).toBe(true);
  });

  it('Redis forgets a tenant that is quiet', async () => {
    const rate = await replica();
    const tenant = tenantOf(10);
    await rate.take(tenant, 1);
    await waitFor(async () => (await connections[0]!.exists(addresses.mqKey('rate', tenant.tenantId))) === 0, { what: 'the key to go', timeoutMs: 3_000 });
  });
});

describe('without Redis', () => {
  it('everybody may publish, which is said once; and the rate holds again when it is back', async () => {
    const rate = await replica();
    const tenant = tenantOf(5);
    await rate.take(tenant, 5);
    await server.kill('SIGKILL');
    await waitFor(() => connections[0]!.status !== 'ready', { what: 'the connection to be lost' });
    for (let n = 0; n < 50; n++) expect(await rate.take(tenant, 1)).toBe(true);
    expect(lines).toEqual(['the publish rate is not limited while redis is away']);
    await server.restart();
    await waitFor(async () => refused(await rate.take(tenant, 1)) > 0, { what: 'the rate to hold again' });
    expect(lines).toEqual(['the publish rate is not limited while redis is away', 'the publish rate is limited again']);
  });

  it('a Redis that is frozen holds up a publish for a tenth of a second once, not each time', async () => {
    const rate = await replica();
    const tenant = tenantOf(5);
    await rate.take(tenant, 5);
    await server.kill('SIGSTOP');
    try {
      const began = performance.now();
      for (let n = 0; n < 20; n++) expect(await rate.take(tenant, 1)).toBe(true);
      expect(performance.now() - began).toBeLessThan(900); // twenty times 100 ms would be 2 000
    } finally {
      await server.kill('SIGCONT');
    }
  });
});
