import { once } from 'node:events';
import { createServer } from 'node:net';
import { Redis } from 'ioredis';
import { freePort, isFree, startRedis, type RunningServer } from '../index.js';

describe('a Redis of our own', () => {
  let server: RunningServer;
  const client = () => new Redis(server.url, { maxRetriesPerRequest: 0, retryStrategy: () => null });
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  it('answers at once, appends with fsync and evicts nothing', async () => {
    const redis = client();
    expect(await redis.ping()).toBe('PONG');
    expect(await redis.config('GET', 'appendonly')).toEqual(['appendonly', 'yes']);
    expect(await redis.config('GET', 'appendfsync')).toEqual(['appendfsync', 'always']);
    expect(await redis.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction']);
    redis.disconnect();
  });

  it('has all acknowledged writes after a SIGKILL and a restart on the same port', async () => {
    const before = client();
    await before.set('soup', 'hot');
    const pid = server.pid;
    before.on('error', () => undefined);
    const hasEnded = once(before, 'end'); // no disconnect() after that: ioredis would keep a 2 s timer for a socket that is gone
    await server.kill();
    await hasEnded;
    await server.restart();
    const after = client();
    expect(await after.get('soup')).toBe('hot');
    expect(server.pid).not.toBe(pid);
    after.disconnect();
  });

  it('leaves a free port behind when it is stopped', async () => {
    const other = await startRedis();
    await other.stop();
    await other.stop();
    expect(await isFree(other.port)).toBe(true);
  });

  it('says why it does not start', async () => {
    await expect(startRedis({ settings: ['--no-such-setting', '1'] })).rejects.toThrow(/no-such-setting/);
    await expect(startRedis({ binary: '/no/such/redis-server' })).rejects.toThrow(/redis-server was not found; install it/);
  });

  it('is not mistaken for another server on the same port', async () => {
    await expect(startRedis({ port: server.port })).rejects.toThrow(/Address already in use/);
    const port = await freePort();
    const stranger = createServer().listen(port, '127.0.0.1');
    await once(stranger, 'listening');
    await expect(startRedis({ port })).rejects.toThrow(/Address already in use/);
    stranger.close();
  });
});
