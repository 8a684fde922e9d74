import { buildApps, startRedis, startService, stopAfterTests, waitFor, type RunningServer } from '@angarium/testing';
import { Redis } from 'ioredis';

stopAfterTests();
let redis: RunningServer;
let main: string;
beforeAll(async () => {
  const [bundles, server] = await Promise.all([buildApps(['device-worker']), startRedis()]);
  main = bundles['device-worker'];
  redis = server;
});

const start = (env: Record<string, string> = {}, args: string[] = []) => startService({ name: 'device-worker', main, env: { REDIS_URL: redis.url, ...env }, args });

/** What holds for every service, shown with the smallest one. */
describe('a service', () => {
  it('starts, is ready, and ends with exit code 0 on SIGTERM', async () => {
    const service = await start();
    await service.ready();
    service.signal('SIGTERM');
    expect(await service.exited).toEqual({ code: 0, signal: null });
    expect(service.output()).toContain('"msg":"stopped"');
  });

  it('names all faults of its configuration and exits with code 2', async () => {
    const service = await start({ REDIS_URL: 'http://nowhere', LOG_LEVEL: 'loud' }, []);
    expect(await service.exited).toEqual({ code: 2, signal: null });
    expect(service.output()).toMatch(/has 2 faults/);
    expect(service.output()).toMatch(/LOG_LEVEL is "loud"; expected one of trace, debug/);
    expect(service.output()).toMatch(/REDIS_URL does not fit; expected a URL with redis:\/\//);
    expect(service.output()).not.toContain('nowhere');
  });

  it('checks or prints its configuration and does nothing else, when asked', async () => {
    const checking = await start({}, ['--check-config']);
    expect(await checking.exited).toEqual({ code: 0, signal: null });
    expect(checking.output()).toContain('The configuration of device-worker is fine.');
    const printing = await start({}, ['--print-config']);
    expect(await printing.exited).toEqual({ code: 0, signal: null });
    expect(printing.output()).toContain('REDIS_URL=(hidden)');
    expect(printing.output()).toContain('LOG_LEVEL=info');
  });

  it('refuses a Redis that may lose messages, naming the cure, unless that is wanted', async () => {
    const admin = new Redis(redis.url);
    await admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
    const refusing = await start();
    expect(await refusing.exited).toEqual({ code: 1, signal: null });
    expect(refusing.output()).toContain('CONFIG SET maxmemory-policy noeviction');
    const allowed = await start({ REDIS_ALLOW_UNSAFE: 'true' });
    await allowed.ready();
    await admin.config('SET', 'maxmemory-policy', 'noeviction');
    admin.disconnect();
  });

  it('starts while Redis is away, says that it is not ready, and is ready when Redis answers', async () => {
    await redis.kill('SIGKILL');
    const service = await start();
    const status = (path: string) => fetch(`${service.url}${path}`).then((answer) => answer.status);
    await waitFor(() => status('/health/live').then((it) => it === 200), { what: 'the service to live' });
    expect(await status('/health/ready')).toBe(503);
    await redis.restart();
    await service.ready();
  });
});
