import { Redis } from 'ioredis';
import { startRedis, waitFor, type RunningServer } from '@angarium/testing';
import { getStreamsClient, RedisStreamsClient, setLogLevel } from '../index.js';
import { recordedLog } from '../recorded-log.js';

describe('the life of a client', () => {
  let server: RunningServer;
  let redis: Redis;
  const sockets = async () => (String(await redis.client('LIST')).match(/name=streams/g) ?? []).length;

  beforeAll(async () => {
    server = await startRedis();
    redis = new Redis(server.url);
  });
  afterEach(() => redis.flushall());
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  it('opens nothing until it is used, and connects by itself with the first call', async () => {
    const client = new RedisStreamsClient({ redisUrl: server.url, logger: recordedLog().logger });
    expect(client.getStatus().connected).toBe(false);
    expect(await sockets()).toBe(0);
    expect(await client.publishMessage('soups', 1)).not.toBeNull();
    expect(client.getStatus().connected).toBe(true);
    await client.disconnect();
    expect(await sockets()).toBe(0);
  });

  it('reports connection, subscriptions, groups and settings, but no address or login', async () => {
    const client = new RedisStreamsClient({ redisUrl: server.url.replace('//', '//:hidden-word@'), logger: recordedLog().logger });
    expect(JSON.stringify(client.getStatus())).not.toContain('hidden-word');
    const open = new RedisStreamsClient({ redisUrl: server.url, logger: recordedLog().logger, defaultCount: 7 });
    await open.connect();
    await open.subscribe('a', () => undefined);
    await open.consumeFromGroup('b', 'cooks', 'anna', () => undefined);
    expect(open.getStatus()).toEqual({
      connected: true,
      subscriptions: ['a'],
      consumerGroups: ['b:cooks:anna'],
      config: {
        defaultBlockMs: 5000,
        defaultCount: 7,
        autoTrimInterval: 3_600_000,
        defaultMaxLen: 10_000,
        enableAutoTrim: true,
        failureMode: 'open',
        publishTimeoutMs: 2000,
        keyPrefix: '',
      },
    });
    await open.disconnect();
    expect(open.getStatus()).toMatchObject({ connected: false, subscriptions: [], consumerGroups: [] });
  });

  it('names every option that does not fit', () => {
    const make = () => new RedisStreamsClient({ defaultCount: 0, publishTimeoutMs: 1.5, failureMode: 'maybe' as 'open' });
    expect(make).toThrow(/defaultCount.*publishTimeoutMs.*failureMode/);
  });

  it('lets callbacks in flight end before it closes, begins no further one, and gives the rest back', async () => {
    const client = new RedisStreamsClient({ redisUrl: server.url, logger: recordedLog().logger });
    await client.publishBatch('soups', [0, 1, 2, 3]);
    const ended: string[] = [];
    const gates: (() => void)[] = [];
    const slowly = (name: string) => async ({ data }: { data: number }) => {
      await new Promise<void>((resolve) => gates.push(resolve));
      ended.push(`${name} ${data}`);
    };
    await client.subscribe('soups', slowly('subscriber'), { startId: '0' });
    await client.consumeFromGroup('soups', 'cooks', 'anna', slowly('anna'));
    await waitFor(() => gates.length === 2, { what: 'both callbacks to begin' });
    let isClosed = false;
    const closed = client.disconnect().then(() => (isClosed = true));
    await redis.ping();
    expect(isClosed).toBe(false);
    for (const open of gates) open();
    await closed;
    expect(ended.toSorted()).toEqual(['anna 0', 'subscriber 0']);
    expect(await sockets()).toBe(0);
    const rows = (await redis.xpending('soups', 'cooks', 'IDLE', 1_000_000, '-', '+', 10)) as unknown[][];
    expect(rows).toHaveLength(3);
  });

  it('does not wait longer than the grace time for a callback that never ends', async () => {
    const { logger, lines } = recordedLog();
    const client = new RedisStreamsClient({ redisUrl: server.url, logger });
    let isRunning = false;
    await client.subscribe('soups', () => {
      isRunning = true;
      return new Promise<void>(() => undefined);
    });
    await client.publishMessage('soups', 1);
    await waitFor(() => isRunning, { what: 'the callback' });
    const started = performance.now();
    await client.disconnect({ graceMs: 100 });
    expect(performance.now() - started).toBeLessThan(1_500);
    expect(lines).toContainEqual(expect.objectContaining({ level: 'warn', graceMs: 100 }));
  });

  it('answers a publish that was under way when it is disconnected', async () => {
    const client = new RedisStreamsClient({ redisUrl: server.url, logger: recordedLog().logger });
    await client.connect();
    const publishing = client.publishBatch('soups', [1, 2, 3]);
    await client.disconnect();
    expect((await publishing).every((id) => id !== null)).toBe(true);
    expect(await redis.xlen('soups')).toBe(3);
  });

  it('refuses calls after disconnect, naming the cure, until connect is called', async () => {
    const client = new RedisStreamsClient({ redisUrl: server.url, logger: recordedLog().logger, failureMode: 'closed' });
    await client.connect();
    await client.disconnect();
    await client.disconnect();
    await expect(client.publishMessage('soups', 1)).rejects.toMatchObject({ code: 'STREAMS_CLOSED', message: expect.stringContaining('connect()') as string });
    expect(client.unsubscribe('soups')).toBe(false);
    expect(client.stopConsumer('soups', 'a', 'b')).toBe(false);
    expect(await client.connect()).toBe(true);
    expect(await client.publishMessage('soups', 1)).not.toBeNull();
    await client.disconnect();
  });

  it('getStreamsClient gives the same client to everyone and warns about options that come too late', async () => {
    const { logger, lines } = recordedLog();
    const first = getStreamsClient({ redisUrl: server.url, logger, defaultCount: 5 });
    expect(getStreamsClient()).toBe(first);
    expect(getStreamsClient({ redisUrl: server.url, defaultBlockMs: 5000, defaultCount: 5 })).toBe(first);
    expect(lines).toEqual([]);
    expect(getStreamsClient({ redisUrl: 'redis://elsewhere:1', defaultCount: 6 })).toBe(first);
    expect(first.config.defaultCount).toBe(5);
    expect(lines).toEqual([expect.objectContaining({ level: 'warn', ignored: ['redisUrl', 'defaultCount'] })]);
    await first.disconnect();
  });

  it('without a logger of its own it logs to standard output, at the level that setLogLevel sets', async () => {
    setLogLevel('silent');
    const client = new RedisStreamsClient({ redisUrl: server.url });
    expect(await client.publishMessage('soups', 1)).not.toBeNull();
    expect(await client.publishMessage('', 1)).toBeNull();
    await client.disconnect();
  });
});
