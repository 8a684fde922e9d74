import { silentLogger } from '@angarium/observability';
import { startRedis, stopAfterTests, waitFor, type RunningServer } from '@angarium/testing';
import { Redis } from 'ioredis';
import { connect, createServer, type AddressInfo } from 'node:net';
import { closeRedis, connectRedis, parseRedisUrl, redisHealth, replyCode, requireDurableRedis, toRedisError } from './index.js';

stopAfterTests();

describe('a Redis URL', () => {
  it('names one server', () => {
    expect(parseRedisUrl('redis://127.0.0.1:6380/2')).toEqual({ kind: 'single', options: { host: '127.0.0.1', port: 6380, db: 2 } });
    expect(parseRedisUrl('rediss://ada:s%40lt@redis.example')).toEqual({
      kind: 'single',
      options: { host: 'redis.example', port: 6379, db: 0, username: 'ada', password: 's@lt', tls: {} },
    });
    expect(parseRedisUrl('redis://[::1]:7000')).toMatchObject({ options: { host: '::1', port: 7000 } });
  });

  it('names a master watched by sentinels', () => {
    expect(parseRedisUrl('redis+sentinel://:pw@a:1,b/shop/3')).toEqual({
      kind: 'sentinel',
      options: { password: 'pw', sentinels: [{ host: 'a', port: 1 }, { host: 'b', port: 26_379 }], name: 'shop', db: 3 },
    });
  });

  it('names a cluster', () => {
    expect(parseRedisUrl('redis+cluster://a:1,b:2')).toEqual({ kind: 'cluster', nodes: [{ host: 'a', port: 1 }, { host: 'b', port: 2 }], options: {} });
  });

  it('of another form is refused', () => {
    expect(() => parseRedisUrl('http://a')).toThrow(TypeError);
  });
});

describe('a connection', () => {
  let server: RunningServer;
  beforeAll(async () => {
    server = await startRedis();
  });

  it.each([false, true])('waits while Redis is away and goes on when it is back (gathers writes: %s)', async (gathersWrites) => {
    const redis = connectRedis({ url: server.url, name: 'test', logger: silentLogger, gathersWrites });
    await redis.set('a', '1');
    await server.kill('SIGKILL');
    const patient = redis.get('a');
    await expect(redisHealthOf(redis)).rejects.toThrow('no answer');
    await server.restart();
    await expect(patient).resolves.toBe('1');
    await expect(waitFor(() => redisHealthOf(redis), { what: 'health' })).resolves.toEqual({ latencyMs: expect.any(Number) as number });
    await closeRedis(redis);
    await closeRedis(redis);
    expect(redis.status).toBe('end');
  });

  it('that gathers writes sends all commands of one turn in one piece, in their order', async () => {
    let pieces = 0;
    const relay = createServer((client) => {
      const upstream = connect(Number(new URL(server.url).port), '127.0.0.1');
      client.on('data', () => (pieces += 1)).pipe(upstream).pipe(client);
      client.on('error', () => upstream.destroy());
      upstream.on('error', () => client.destroy());
    });
    await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
    const redis = connectRedis({ url: `redis://127.0.0.1:${(relay.address() as AddressInfo).port}`, name: 'test', logger: silentLogger, gathersWrites: true });
    await redis.del('list');
    const before = pieces;
    const lengths = await Promise.all(Array.from({ length: 50 }, (_, n) => redis.rpush('list', String(n))));
    const sent = pieces - before;
    await closeRedis(redis);
    await new Promise((resolve) => relay.close(resolve));
    expect(sent).toBe(1);
    expect(lengths).toEqual(Array.from({ length: 50 }, (_, n) => n + 1));
  });

  it('counts a Redis that takes no writes as unhealthy', async () => {
    const redis = connectRedis({ url: server.url, name: 'test', logger: silentLogger });
    const admin = new Redis(server.url);
    await admin.config('SET', 'min-replicas-to-write', '1');
    await expect(redisHealth(redis, 'angarium', 'i1').check()).rejects.toMatchObject({ code: 'REDIS_REFUSED' });
    await admin.config('SET', 'min-replicas-to-write', '0');
    await expect(redisHealth(redis, 'angarium', 'i1').check()).resolves.toBeDefined();
    admin.disconnect();
    await closeRedis(redis);
  });

  it('to a Redis that may forget messages is refused with the settings and their cure, unless that is wanted', async () => {
    const redis = connectRedis({ url: server.url, name: 'test', logger: silentLogger });
    await expect(requireDurableRedis(redis, { allowUnsafe: false, logger: silentLogger })).resolves.toBeUndefined();
    await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    await redis.config('SET', 'appendonly', 'no');
    const refused = requireDurableRedis(redis, { allowUnsafe: false, logger: silentLogger });
    await expect(refused).rejects.toMatchObject({ code: 'REDIS_NOT_DURABLE', message: expect.stringMatching(/maxmemory-policy noeviction.*appendonly yes/) as string });
    await expect(requireDurableRedis(redis, { allowUnsafe: true, logger: silentLogger })).resolves.toBeUndefined();
    await closeRedis(redis);
  });

  const redisHealthOf = (redis: ReturnType<typeof connectRedis>) => {
    const late = new Promise<never>((_resolve, reject) => setTimeout(() => reject(new Error('no answer')), 300));
    return Promise.race([redisHealth(redis, 'angarium', 'i1').check(), late]);
  };
});

describe("Redis' errors", () => {
  const reply = (message: string) => Object.assign(new Error(message), { name: 'ReplyError' });

  it.each([
    ['a refused connection', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), 'REDIS_UNAVAILABLE'],
    ['a closed connection', new Error('Connection is closed.'), 'REDIS_UNAVAILABLE'],
    ['a server that is loading', reply('LOADING Redis is loading the dataset in memory'), 'REDIS_UNAVAILABLE'],
    ['a replica after a failover', reply('READONLY You cannot write against a read only replica.'), 'REDIS_UNAVAILABLE'],
    ['a full server', reply("OOM command not allowed when used memory > 'maxmemory'."), 'REDIS_REFUSED'],
    ['a missing right', reply('NOPERM this user has no permissions'), 'REDIS_REFUSED'],
  ])('%s is told as what it is', (_name, error, code) => {
    expect(toRedisError(error)).toMatchObject({ code, cause: error });
    const once = toRedisError(error);
    expect(toRedisError(once)).toBe(once);
  });

  it('of a reply have a code', () => {
    expect(replyCode(reply('NOGROUP No such key'))).toBe('NOGROUP');
    expect(replyCode(new Error('NOGROUP'))).toBeUndefined();
  });
});
