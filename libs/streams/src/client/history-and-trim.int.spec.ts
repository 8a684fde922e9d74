import { Redis } from 'ioredis';
import { startRedis, waitFor, type RunningServer } from '@angarium/testing';
import { RedisStreamsClient, type StreamsClientOptions } from '../index.js';
import { recordedLog } from '../recorded-log.js';

describe('history and trimming', () => {
  let server: RunningServer;
  let redis: Redis;
  const clients: RedisStreamsClient[] = [];
  const connect = async (options: StreamsClientOptions = {}) => {
    const client = new RedisStreamsClient({ redisUrl: server.url, logger: recordedLog().logger, ...options });
    clients.push(client);
    await client.connect();
    return client;
  };
  const range = (length: number) => Array.from({ length }, (_, at) => at);
  const fill = (client: RedisStreamsClient, length: number) => client.publishBatch('soups', range(length));

  beforeAll(async () => {
    server = await startRedis();
    redis = new Redis(server.url);
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((it) => it.disconnect()));
    await redis.flushall();
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  it('gives messages between two ids, limited, paged and reversed', async () => {
    const client = await connect();
    const ids = await fill(client, 10);
    const read = async (options: Parameters<RedisStreamsClient['readHistory']>[1]) => (await client.readHistory<number>('soups', options)).map(({ data }) => data);
    expect(await read(undefined)).toEqual(range(10));
    expect(await read({ start: ids[3]!, end: ids[5]! })).toEqual([3, 4, 5]);
    expect(await read({ start: `(${ids[3]}`, end: `(${ids[5]}` })).toEqual([4]);
    expect(await read({ count: 2 })).toEqual([0, 1]);
    expect(await read({ start: `(${ids[1]}`, count: 2 })).toEqual([2, 3]);
    expect(await read({ reverse: true, count: 3 })).toEqual([9, 8, 7]);
    expect(await read({ reverse: true, end: `(${ids[7]}`, count: 2 })).toEqual([6, 5]);
    expect(await client.readHistory('nothing-here')).toEqual([]);
  });

  it('refuses a range that cannot be', async () => {
    const client = await connect({ failureMode: 'closed' });
    for (const options of [{ start: 'soup' }, { end: '(' }, { count: 0 }]) {
      await expect(client.readHistory('soups', options)).rejects.toMatchObject({ code: 'STREAM_ARGUMENT_INVALID' });
    }
  });

  it('trims by length, exactly or approximately, and says how many went', async () => {
    const { logger, lines } = recordedLog();
    const client = await connect({ logger });
    await fill(client, 1000);
    expect(await client.trimStream('soups', { maxLen: 900 })).toBe(100);
    expect(await client.trimStream('soups', { maxLen: 850 })).toBe(0);
    expect(await client.trimStream('soups', { maxLen: 850, approximate: false })).toBe(50);
    expect((await client.readHistory<number>('soups', { count: 1 }))[0]?.data).toBe(150);
    expect(lines.filter(({ msg }) => msg === 'Stream trimmed').map(({ deleted }) => deleted)).toEqual([100, 0, 50]);
  });

  it('trims more than ten thousand at once when asked to', async () => {
    const client = await connect();
    await fill(client, 12_000);
    expect(await client.trimStream('soups', { maxLen: 500 })).toBe(11_500);
  });

  it('trims by age', async () => {
    const client = await connect();
    await client.publishMessage('soups', 'from 2023', '1700000000000-0');
    await client.publishMessage('soups', 'from now');
    expect(await client.trimStream('soups', { olderThanMs: 60_000, approximate: false })).toBe(1);
    expect((await client.readHistory<string>('soups')).map(({ data }) => data)).toEqual(['from now']);
  });

  it('a trim by hand does what it is asked, unless told to spare what is not acknowledged', async () => {
    const client = await connect();
    await fill(client, 100);
    await redis.xgroup('CREATE', 'soups', 'cooks', '0');
    await redis.xreadgroup('GROUP', 'cooks', 'anna', 'COUNT', 40, 'STREAMS', 'soups', '>');
    expect(await client.trimStream('soups', { maxLen: 10, approximate: false, keepUnacknowledged: true })).toBe(0);
    expect(await client.trimStream('soups', { maxLen: 10, approximate: false })).toBe(90);
  });

  it('refuses a trim without a limit or with one that cannot be', async () => {
    const client = await connect({ failureMode: 'closed' });
    for (const options of [{}, { maxLen: -1 }, { olderThanMs: 0.5 }]) {
      await expect(client.trimStream('soups', options)).rejects.toMatchObject({ code: 'STREAM_ARGUMENT_INVALID' });
    }
  });

  it('trims by itself what it publishes, on the interval and to the length of its settings', async () => {
    const { logger, lines } = recordedLog();
    const client = await connect({ logger, autoTrimInterval: 50, defaultMaxLen: 300 });
    await fill(client, 1000);
    await waitFor(async () => (await redis.xlen('soups')) === 300, { what: 'the stream to be trimmed' });
    expect(lines).toContainEqual(expect.objectContaining({ level: 'info', msg: 'Stream trimmed', stream: 'soups', isAutomatic: true }));
  });

  it('trims by itself what it consumes and has acknowledged', async () => {
    const writer = await connect({ enableAutoTrim: false });
    const client = await connect({ autoTrimInterval: 50, defaultMaxLen: 100 });
    await fill(writer, 500);
    await client.consumeFromGroup('soups', 'cooks', 'anna', () => undefined, { count: 100 });
    await waitFor(async () => (await redis.xlen('soups')) === 100, { what: 'the stream to be trimmed' });
  });

  it('never trims by itself what a group has not acknowledged, and warns that the stream is too long', async () => {
    const { logger, lines } = recordedLog();
    const client = await connect({ logger, autoTrimInterval: 20, defaultMaxLen: 100 });
    await client.createConsumerGroup('soups', 'slow', '0');
    const ids = await fill(client, 1000);
    await waitFor(() => lines.filter(({ msg }) => msg.startsWith('Stream stays longer')).length >= 2, { what: 'two automatic trims' });
    expect(await redis.xlen('soups')).toBe(1000);
    await redis.xreadgroup('GROUP', 'slow', 'anna', 'COUNT', 1000, 'STREAMS', 'soups', '>');
    await redis.xack('soups', 'slow', ...ids.slice(0, 450).map(String));
    await waitFor(async () => (await redis.xlen('soups')) < 1000, { what: 'what was acknowledged to go' });
    const [[oldest] = []] = await redis.xrange('soups', '-', '+', 'COUNT', 1);
    expect(ids.indexOf(oldest!)).toBeLessThanOrEqual(450);
    await redis.xack('soups', 'slow', ...ids.slice(450).map(String));
    await waitFor(async () => (await redis.xlen('soups')) === 100, { what: 'the rest to go' });
  });

  it('does not trim by itself when told not to', async () => {
    const client = await connect({ enableAutoTrim: false, autoTrimInterval: 10, defaultMaxLen: 100 });
    const trimming = await connect({ autoTrimInterval: 10, defaultMaxLen: 100 });
    await fill(client, 500);
    await trimming.publishBatch('other', range(500));
    await waitFor(async () => (await redis.xlen('other')) === 100, { what: 'the other client to trim' });
    expect(await redis.xlen('soups')).toBe(500);
  });

  it('goes on trimming the others when one stream cannot be trimmed', async () => {
    const { logger, lines } = recordedLog();
    const client = await connect({ logger, autoTrimInterval: 20, defaultMaxLen: 100 });
    await client.publishMessage('a-broken', 1);
    await redis.set('a-broken', 'text');
    await fill(client, 500);
    await waitFor(async () => (await redis.xlen('soups')) === 100, { what: 'the good stream to be trimmed' });
    expect(lines).toContainEqual(expect.objectContaining({ level: 'warn', stream: 'a-broken', msg: expect.stringContaining('Automatic trim failed') as string }));
  });
});
