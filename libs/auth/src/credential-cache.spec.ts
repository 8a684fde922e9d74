import { jest } from '@jest/globals';
import { defineErrors } from '@angarium/errors';
import { silentLogger } from '@angarium/observability';
import { CredentialCache } from './credential-cache.js';
import type { FoundCredential, ServiceCaller } from './index.js';
import { createServiceToken, hashToken } from './index.js';

const { AWAY } = defineErrors({ AWAY: { status: 503, blame: 'us', retry: 'when-available', summary: 'Away.', cure: 'Wait.' } });
const caller = (service: string): ServiceCaller => ({ kind: 'service', service, permissions: new Set() });

/** A cache over a made-up table, with a clock that stands still. */
function cacheOver(...tokens: string[]) {
  const rows = new Map<string, FoundCredential<ServiceCaller>>(tokens.map((it, i) => [hashToken(it), { caller: caller(`s${i}`), state: 'valid', expiresInMs: Infinity }]));
  const world = { nowMs: 0, looks: 0, rows, isAway: false, isHanging: false, fault: undefined as Error | undefined };
  const cache = new CredentialCache<ServiceCaller>({
    what: 'service token',
    logger: silentLogger,
    now: () => world.nowMs,
    find: (hashes) => {
      world.looks++;
      if (world.isHanging) return new Promise(() => undefined);
      if (world.isAway) return Promise.reject(AWAY());
      if (world.fault) return Promise.reject(world.fault);
      return Promise.resolve(new Map(hashes.flatMap((it) => (rows.has(it) ? [[it, rows.get(it)!]] : []))));
    },
  });
  return { cache, world };
}
/** Resolves when every look that was under way has ended. */
const settled = () => new Promise(setImmediate);
const refusalOf = (work: () => unknown) => Promise.resolve().then(work).then(() => undefined, (error: unknown) => error);

describe('a known credential', () => {
  const token = createServiceToken();
  const known = async (atMs = 0) => {
    const it = cacheOver(token);
    await it.cache.get(token);
    it.world.nowMs = atMs;
    return it;
  };
  const set = (world: Awaited<ReturnType<typeof known>>['world'], state: 'expired' | 'revoked') => world.rows.set(hashToken(token), { ...world.rows.get(hashToken(token))!, state });

  it('is told at once and without a look for 10 s', async () => {
    const { cache, world } = await known(9_999);
    expect(cache.get(token)).toMatchObject({ service: 's0' });
    expect(world.looks).toBe(1);
  });

  it('is told at once for 30 s, and looked up beside the call, once however many calls come', async () => {
    const { cache, world } = await known(10_000);
    for (let i = 0; i < 50; i++) expect(cache.get(token)).toMatchObject({ service: 's0' });
    await settled();
    expect(world.looks).toBe(2);
    world.nowMs = 19_999;
    expect(cache.get(token)).toMatchObject({ service: 's0' });
    expect(world.looks).toBe(2);
  });

  it('that was revoked is refused from the next call after that look', async () => {
    const { cache, world } = await known(10_000);
    set(world, 'revoked');
    expect(cache.get(token)).toMatchObject({ service: 's0' });
    await settled();
    expect(await refusalOf(() => cache.get(token))).toMatchObject({ code: 'UNAUTHORIZED', message: expect.stringContaining('was revoked') as string });
  });

  it('that was revoked is never used when nobody looked for 30 s', async () => {
    const { cache, world } = await known(30_000);
    set(world, 'revoked');
    expect(await refusalOf(() => cache.get(token))).toMatchObject({ code: 'UNAUTHORIZED' });
  });

  it('ends at the moment it expires, without a look', async () => {
    const { cache, world } = cacheOver(token);
    world.rows.set(hashToken(token), { caller: caller('s0'), state: 'valid', expiresInMs: 5_000 });
    await cache.get(token);
    world.nowMs = 4_999;
    expect(cache.get(token)).toMatchObject({ service: 's0' });
    world.nowMs = 5_000;
    expect(() => cache.get(token)).toThrow('has expired');
    expect(world.looks).toBe(1);
  });

  it('is used for 10 minutes while Postgres is away, with a look at most once a second, and no longer', async () => {
    const { cache, world } = await known(30_000);
    world.isAway = true;
    expect(await cache.get(token)).toMatchObject({ service: 's0' });
    for (world.nowMs = 30_001; world.nowMs < 40_000; world.nowMs += 10) {
      expect(cache.get(token)).toMatchObject({ service: 's0' });
      await settled();
    }
    expect(world.looks).toBeGreaterThan(8);
    expect(world.looks).toBeLessThan(14);
    world.nowMs = 599_999;
    expect(cache.get(token)).toMatchObject({ service: 's0' });
    await settled();
    world.nowMs = 600_000;
    expect(await refusalOf(() => cache.get(token))).toMatchObject({ code: 'UNAVAILABLE', status: 503, retry: 'when-available' });
  });

  it('that was revoked during the outage ends soon after it', async () => {
    const { cache, world } = await known(30_000);
    world.isAway = true;
    await cache.get(token);
    set(world, 'revoked');
    world.isAway = false;
    world.nowMs = 31_000;
    expect(cache.get(token)).toMatchObject({ service: 's0' });
    await settled();
    expect(() => cache.get(token)).toThrow('was revoked');
  });

  it('waits a second and no longer for a Postgres that does not answer at all', async () => {
    const { cache, world } = await known(30_000);
    world.isHanging = true;
    jest.useFakeTimers();
    try {
      const answer = cache.get(token);
      await jest.advanceTimersByTimeAsync(1_000);
      expect(await answer).toMatchObject({ service: 's0' });
    } finally {
      jest.useRealTimers();
    }
    expect(cache.get(token)).toMatchObject({ service: 's0' });
  });

  it('is not trusted over a fault that is no outage', async () => {
    const { cache, world } = await known(30_000);
    world.fault = new Error('relation "auth.api_keys" does not exist');
    expect(await refusalOf(() => cache.get(token))).toBe(world.fault);
  });
});

describe('a credential that is not known', () => {
  it('is looked up once, however many calls come with it at once', async () => {
    const token = createServiceToken();
    const { cache, world } = cacheOver(token);
    const callers = await Promise.all(Array.from({ length: 50 }, async () => cache.get(token)));
    expect(new Set(callers).size).toBe(1);
    expect(world.looks).toBe(1);
  });

  it('is refused for 5 s without a look, and then looked up again', async () => {
    const token = createServiceToken();
    const { cache, world } = cacheOver();
    expect(await refusalOf(() => cache.get(token))).toMatchObject({ code: 'UNAUTHORIZED', status: 401 });
    world.nowMs = 4_999;
    expect(() => cache.get(token)).toThrow('is not known');
    expect(world.looks).toBe(1);
    world.nowMs = 5_000;
    world.rows.set(hashToken(token), { caller: caller('late'), state: 'valid', expiresInMs: Infinity });
    expect(await cache.get(token)).toMatchObject({ service: 'late' });
    expect(cache.get(token)).toMatchObject({ service: 'late' });
  });

  it('is not called wrong while Postgres is away, and is found afterwards', async () => {
    const token = createServiceToken();
    const { cache, world } = cacheOver(token);
    world.isAway = true;
    expect(await refusalOf(() => cache.get(token))).toMatchObject({ code: 'UNAVAILABLE', status: 503, retry: 'when-available' });
    world.isAway = false;
    expect(await cache.get(token)).toMatchObject({ service: 's0' });
  });

  it('pushes out no good one, however many are made up, and takes a bounded place', async () => {
    const token = createServiceToken();
    const { cache, world } = cacheOver(token);
    await cache.get(token);
    const madeUp = Array.from({ length: 3_000 }, createServiceToken);
    for (const it of madeUp) await refusalOf(() => cache.get(it));
    expect(cache.get(token)).toMatchObject({ service: 's0' });
    const before = world.looks;
    await refusalOf(() => cache.get(madeUp[0]!));
    expect(world.looks).toBe(before + 1); // forgotten
    await refusalOf(() => cache.get(madeUp[2_999]!));
    expect(world.looks).toBe(before + 1); // remembered
  });
});
