import { Redis } from 'ioredis';
import { startRedis, type RunningServer } from '@angarium/testing';
import { RedisStreamsClient, StreamErrors, type StreamsClientOptions } from '../index.js';
import { recordedLog } from '../recorded-log.js';

describe('publishing', () => {
  let server: RunningServer;
  let redis: Redis;
  const clients: RedisStreamsClient[] = [];
  const connect = async (options: StreamsClientOptions = {}) => {
    const client = new RedisStreamsClient({ redisUrl: server.url, logger: recordedLog().logger, ...options });
    clients.push(client);
    expect(await client.connect()).toBe(true);
    return client;
  };

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

  it('stores the data as JSON beside the time and answers with the entry id', async () => {
    const client = await connect();
    const before = Date.now();
    const id = await client.publishMessage('soups', { kind: 'pea' });
    const [[storedId, fields] = []] = await redis.xrange('soups', '-', '+');
    expect(id).toMatch(/^\d{13}-\d+$/);
    expect(storedId).toBe(id);
    expect(fields).toEqual(['data', '{"kind":"pea"}', 'timestamp', expect.stringMatching(/^\d{13}$/)]);
    expect(Number(fields?.[3])).toBeGreaterThanOrEqual(before);
  });

  it('keeps the order of the calls, whether or not they are awaited, packed or not', async () => {
    const client = await connect({ compressAboveBytes: 100 });
    const texts = Array.from({ length: 600 }, (_, at) => `${at} ${at % 3 === 0 ? 'x'.repeat(500) : ''}`);
    const ids = await Promise.all(texts.map((text) => client.publishMessage('order', text)));
    const history = await client.readHistory<string>('order');
    expect(history.map(({ data }) => data)).toEqual(texts);
    expect(history.map(({ id }) => id)).toEqual(ids);
  });

  it('writes a BigInt as its decimal digits, without losing any', async () => {
    const client = await connect();
    await client.publishMessage('stats', { total: 9007199254740993n });
    const [message] = await client.readHistory('stats');
    expect(message?.data).toEqual({ total: '9007199254740993' });
  });

  it('takes ids of the caller, short ones too, and answers a repetition like the first time', async () => {
    const client = await connect({ failureMode: 'closed' });
    expect(await client.publishMessage('own', { at: 1 }, '1000-0')).toBe('1000-0');
    expect(await client.publishMessage('own', { at: 2 }, '1001')).toBe('1001-0');
    expect(await client.publishMessage('own', { at: 1 }, '1000-0')).toBe('1000-0');
    expect(await redis.xlen('own')).toBe(2);
    expect(await client.publishMessage('own', { at: 3 }, '*')).toMatch(/^\d{13}-0$/);
  });

  it('refuses an id that is not greater than the last one or belongs to other data', async () => {
    const client = await connect({ failureMode: 'closed' });
    await client.publishMessage('own', { at: 2 }, '18446744073709551614-18446744073709551614');
    await expect(client.publishMessage('own', { at: 1 }, '18446744073709551614-9')).rejects.toMatchObject({ code: 'STREAM_ID_REFUSED', retry: 'never' });
    await expect(client.publishMessage('own', { at: 1 }, '18446744073709551614-18446744073709551614')).rejects.toMatchObject({ code: 'STREAM_ID_REFUSED' });
    await expect(client.publishMessage('own', {}, 'soup')).rejects.toMatchObject({ code: 'STREAM_ARGUMENT_INVALID', message: expect.stringContaining('1700000000000-0') as string });
    expect(await redis.xlen('own')).toBe(1);
  });

  it('answers null in open mode whatever goes wrong, and says what in the log', async () => {
    const { logger, lines } = recordedLog();
    const client = await connect({ logger });
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    expect(await client.publishMessage('soups', circular)).toBeNull();
    expect(await client.publishMessage('', {})).toBeNull();
    await redis.set('a-string', 'x');
    expect(await client.publishMessage('a-string', {})).toBeNull();
    const failures = lines.filter(({ msg }) => msg === 'Publish failed').map(({ level, code }) => `${level} ${String(code)}`);
    expect(failures).toEqual(['error STREAM_DATA_REFUSED', 'error STREAM_ARGUMENT_INVALID', 'error REDIS_REFUSED']);
  });

  it('throws the same failures in closed mode', async () => {
    const client = await connect({ failureMode: 'closed' });
    await redis.set('a-string', 'x');
    await expect(client.publishMessage('a-string', {})).rejects.toMatchObject({ code: 'REDIS_REFUSED' });
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    await expect(client.publishMessage('soups', circular)).rejects.toMatchObject({ code: 'STREAM_DATA_REFUSED', blame: 'caller' });
  });

  it('gives each message of a batch its own result', async () => {
    const client = await connect();
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    const ids = await client.publishBatch('batch', [{ at: 0 }, circular, { at: 2 }]);
    expect(ids).toEqual([expect.stringMatching(/-/), null, expect.stringMatching(/-/)]);
    expect((await client.readHistory('batch')).map(({ id }) => id)).toEqual([ids[0], ids[2]]);
    expect(await client.publishBatch('batch', [])).toEqual([]);
  });

  it('throws in closed mode with the ids of what was stored when one message of a batch failed', async () => {
    const client = await connect({ failureMode: 'closed' });
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    const failure = await client.publishBatch('batch', [{ at: 0 }, circular]).catch((error: unknown) => error);
    expect(StreamErrors.STREAM_DATA_REFUSED.is(failure)).toBe(true);
    expect(failure).toMatchObject({ details: { ids: [expect.stringMatching(/-/), null] } });
  });

  it('appends a thousand messages of a batch with a few commands', async () => {
    const client = await connect();
    await redis.config('RESETSTAT');
    const ids = await client.publishBatch('batch', Array.from({ length: 1000 }, (_, at) => ({ at })));
    expect(new Set(ids).size).toBe(1000);
    const stats = await redis.info('commandstats');
    const scripts = [...stats.matchAll(/cmdstat_eval(?:sha)?:calls=(\d+)/g)].reduce((sum, match) => sum + Number(match[1]), 0);
    expect(scripts).toBeLessThan(15);
  });

  it('packs what is above the threshold and is read without any setting', async () => {
    const client = await connect({ compressAboveBytes: 1000 });
    const large = { text: 'soup '.repeat(1000) };
    await client.publishMessage('packed', large);
    await client.publishMessage('packed', { text: 'small' });
    const [first, second] = await redis.xrange('packed', '-', '+');
    expect(first?.[1]).toContain('gzip+base64');
    expect(first?.[1][1]?.length).toBeLessThan(500);
    expect(second?.[1]).not.toContain('encoding');
    const other = await connect();
    expect((await other.readHistory('packed')).map(({ data }) => data as unknown)).toEqual([large, { text: 'small' }]);
  });

  it('puts the key prefix before every stream and does not show it', async () => {
    const client = await connect({ keyPrefix: 'shop:' });
    await client.publishMessage('soups', { kind: 'pea' });
    await client.subscribe('soups', () => undefined);
    await client.consumeFromGroup('soups', 'cooks', 'anna', () => undefined);
    expect(await redis.xlen('shop:soups')).toBe(1);
    expect(client.getStatus()).toMatchObject({ subscriptions: ['soups'], consumerGroups: ['soups:cooks:anna'] });
    expect(client.unsubscribe('soups')).toBe(true);
    expect(client.stopConsumer('soups', 'cooks', 'anna')).toBe(true);
  });

  it('logs a publish with stream, id and size, and never the data', async () => {
    const { logger, lines } = recordedLog();
    const client = await connect({ logger });
    const id = await client.publishMessage('soups', { kind: 'secret-recipe' });
    expect(lines).toContainEqual(expect.objectContaining({ level: 'debug', msg: 'Message published', stream: 'soups', messageId: id, dataSize: 24 }));
    expect(JSON.stringify(lines)).not.toContain('secret-recipe');
  });

  it('uses address and login of a given connection, prefix included, and leaves it open', async () => {
    const given = new Redis(server.url, { keyPrefix: 'given:', db: 3 });
    const client = await connect({ connection: given });
    const heard = new Promise((resolve) => void client.subscribe('soups', ({ data }) => resolve(data), { startId: '0' }));
    await client.publishMessage('soups', { kind: 'pea' });
    expect(await heard).toEqual({ kind: 'pea' });
    expect(await given.xlen('soups')).toBe(1);
    await client.disconnect();
    expect(await given.ping()).toBe('PONG');
    given.disconnect();
  });
});
