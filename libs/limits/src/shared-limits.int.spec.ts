import { silentLogger } from '@angarium/observability';
import { closeRedis, connectRedis, type RedisConnection } from '@angarium/redis';
import { startRedis, stopAfterTests, waitFor } from '@angarium/testing';
import { SharedLimits, type Limit } from './index.js';

let connections: RedisConnection[];
let replicas: SharedLimits[];
let limits: SharedLimits;
let count = 0;
const named = (more: Partial<Limit>): Limit => ({ name: `limit-${++count}`, kind: 'sliding', capacity: 1, windowMs: 60_000, ...more });

beforeAll(async () => {
  const redis = await startRedis();
  connections = [1, 2, 3].map((one) => connectRedis({ url: redis.url, name: `limits-${one}`, logger: silentLogger }));
  replicas = connections.map((connection) => new SharedLimits(connection, 'test'));
  limits = replicas[0]!;
});
afterAll(() => Promise.all(connections.map(closeRedis)));
// below the hook above: connections are closed while their server is there
stopAfterTests();

describe('a limit', () => {
  it.each(['sliding', 'rate', 'calendar'] as const)('%s: three replicas that ask at once get no more than one would', async (kind) => {
    const limit = named({ kind, capacity: 10, windowMs: 3_600_000 });
    const verdicts = await Promise.all(Array.from({ length: 60 }, (_, at) => replicas[at % 3]!.take([limit])));
    expect(verdicts.filter(({ isGranted }) => isGranted)).toHaveLength(10);
    for (const verdict of verdicts) if (!verdict.isGranted) expect(verdict).toMatchObject({ limit, waitMs: expect.any(Number) as number });
  });

  it.each([
    ['sliding', 1, 60_000],
    ['rate', 60, 1_000],
  ] as const)('%s: says when to ask again', async (kind, capacity, mostMs) => {
    const limit = named({ kind, capacity });
    for (let one = 0; one < capacity; one++) expect(await limits.take([limit])).toEqual({ isGranted: true });
    const refused = await limits.take([limit]);
    if (refused.isGranted) throw new Error('granted one too many');
    expect(refused.waitMs).toBeGreaterThan(mostMs - 500);
    expect(refused.waitMs).toBeLessThanOrEqual(mostMs);
  });

  it('lets pass again when the time it named is over, and not before', async () => {
    const limit = named({ windowMs: 300 });
    await limits.take([limit]);
    const asked = performance.now();
    await waitFor(async () => (await limits.take([limit])).isGranted, { what: 'the window to pass' });
    expect(performance.now() - asked).toBeGreaterThan(250);
    expect(await limits.take([limit])).toMatchObject({ isGranted: false });
  });

  it('that refuses takes nothing from the others', async () => {
    const [narrow, wide] = [named({}), named({ capacity: 3 })];
    await limits.take([narrow]);
    for (let one = 0; one < 5; one++) expect(await limits.take([wide, narrow])).toMatchObject({ isGranted: false, limit: narrow });
    for (let one = 0; one < 3; one++) expect(await limits.take([wide])).toEqual({ isGranted: true });
    expect(await limits.take([wide])).toMatchObject({ isGranted: false, limit: wide });
  });

  it('of several that refuse, the one that refuses longest answers', async () => {
    const [short, long] = [named({ windowMs: 1_000 }), named({ windowMs: 60_000 })];
    await limits.take([short, long]);
    expect(await limits.take([long, short])).toMatchObject({ limit: long });
    expect(await limits.take([short, long])).toMatchObject({ limit: long });
  });

  it('that is asked for more than it is will never let it pass', async () => {
    expect(await limits.take([named({ capacity: 0 })])).toMatchObject({ isGranted: false, waitMs: Infinity });
    expect(await limits.take([named({ kind: 'calendar', capacity: 5, cost: 5.5 })])).toMatchObject({ isGranted: false, waitMs: Infinity });
  });

  it('is only looked at by peek', async () => {
    const limit = named({});
    expect(await limits.peek([limit])).toEqual({ isGranted: true });
    expect(await limits.take([limit])).toEqual({ isGranted: true });
    expect(await limits.peek([limit])).toMatchObject({ isGranted: false, limit });
  });

  it('sums up fractions within a day that begins at midnight of its time zone', async () => {
    const day = named({ kind: 'calendar', capacity: 1, windowMs: 86_400_000, cost: 0.4, shiftMs: 8 * 3_600_000 });
    expect(await limits.take([day])).toEqual({ isGranted: true });
    expect(await limits.take([day])).toEqual({ isGranted: true });
    const refused = await limits.take([day]);
    const untilMidnight = 86_400_000 - ((Date.now() + 8 * 3_600_000) % 86_400_000);
    if (refused.isGranted) throw new Error('granted one too many');
    expect(Math.abs(refused.waitMs - untilMidnight)).toBeLessThan(5_000);
  });

  it.each(['sliding', 'rate', 'calendar'] as const)('%s: a clock that was set back an hour refuses nobody for longer than the window', async (kind) => {
    const limit = named({ kind, capacity: 2, windowMs: 60_000 });
    const key = `test:{limits}:${limit.name}`;
    const ahead = Date.now() + 3_600_000;
    const redis = connections[0]!;
    if (kind === 'sliding') await redis.zadd(key, ahead, 'a', ahead, 'b');
    else if (kind === 'rate') await redis.set(key, String(ahead));
    else await redis.hset(key, { begin: String(ahead - (ahead % 60_000)), sum: '2' });
    expect(await limits.take([limit])).toEqual({ isGranted: true });
  });

  it('leaves nothing behind when its window is over', async () => {
    const limit = named({ windowMs: 100 });
    await limits.take([limit]);
    await waitFor(async () => (await connections[0]!.exists(`test:{limits}:${limit.name}`)) === 0, { what: 'the key to expire' });
  });
});

describe('an adaptive limit', () => {
  const adaptive = (more: Partial<Limit> = {}) => named({ kind: 'adaptive', capacity: 8, windowMs: 3_600_000, floor: 0.5, ...more });
  const grantedOf = async (limit: Limit, tries = 30) => {
    const verdicts = await Promise.all(Array.from({ length: tries }, (_, at) => replicas[at % 3]!.take([limit])));
    return verdicts.filter(({ isGranted }) => isGranted).length;
  };

  it('grants three replicas together what it is', async () => {
    expect(await grantedOf(adaptive())).toBe(8);
  });

  it('grants half of it to all after one of them was told to slow down; calls at the same time are one', async () => {
    const limit = adaptive();
    expect(await Promise.all([replicas[0]!.slowDown(limit), replicas[1]!.slowDown(limit), replicas[2]!.slowDown(limit)])).toEqual([4, 4, 4]);
    expect(await grantedOf(limit)).toBe(4);
  });

  it('never falls below its floor, where one at a time passes still', async () => {
    const limit = adaptive({ capacity: 1, windowMs: 1_000 });
    expect(await limits.slowDown(limit)).toBe(0.5);
    expect(await grantedOf(limit)).toBe(1);
    const refused = await limits.take([limit]);
    expect(refused).toMatchObject({ isGranted: false });
    if (!refused.isGranted) expect(refused.waitMs).toBeGreaterThan(1_500);
  });

  it('grows back by a tenth of its capacity a minute', async () => {
    const limit = adaptive();
    await limits.slowDown(limit);
    const key = `test:{limits}:${limit.name}:slow`;
    // as if the halving had been two minutes ago: 4 + 2 × 0.8
    await connections[0]!.hset(key, 'at', Date.now() - 120_000);
    expect(await grantedOf(limit)).toBe(5);
    await connections[0]!.hset(key, 'at', Date.now() - 3_600_000);
    await connections[0]!.del(`test:{limits}:${limit.name}`);
    expect(await grantedOf(limit)).toBe(8);
  });
});
