import { Redis } from 'ioredis';
import { startRedis, type RunningServer } from '@angarium/testing';
import { StreamOperations } from '../stream-operations.js';

describe('append.lua', () => {
  let server: RunningServer;
  let redis: Redis;
  let operations: StreamOperations;
  const entry = (text: string, dedupKey?: string) => ({ fields: ['data', text], ...(dedupKey === undefined ? {} : { dedupKey }) });
  const append = (sequence: number, entries: ReturnType<typeof entry>[], producerKey = 'producers:{s}:one') =>
    operations.append({ stream: 's', producerKey, sequence, dedupWindowMs: 60_000, entries });
  const stored = async () => (await redis.xrange('s', '-', '+')).map(([, fields]) => fields[1]);

  beforeAll(async () => {
    server = await startRedis();
    redis = new Redis(server.url);
    operations = new StreamOperations(redis);
  });
  afterEach(() => redis.flushall());
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  it('stores a batch in order and answers with the ids', async () => {
    const ids = await append(1, [entry('a'), entry('b')]);
    expect(ids).toEqual((await redis.xrange('s', '-', '+')).map(([id]) => id));
    expect(await stored()).toEqual(['a', 'b']);
  });

  it('stores a batch once that is sent again, and answers with the same ids', async () => {
    const ids = await append(1, [entry('a'), entry('b')]);
    expect(await append(1, [entry('a'), entry('b')])).toEqual(ids);
    expect(await stored()).toEqual(['a', 'b']);
  });

  it('drops a batch that a later one of the same producer has overtaken', async () => {
    await append(2, [entry('second')]);
    expect(await append(1, [entry('first')])).toEqual([]);
    expect(await stored()).toEqual(['second']);
  });

  it('tells producers apart', async () => {
    await append(1, [entry('a')], 'producers:{s}:one');
    await append(1, [entry('b')], 'producers:{s}:two');
    expect(await stored()).toEqual(['a', 'b']);
  });

  it('stores an entry with a message id once, whoever sends it, and answers with the first id', async () => {
    const [first, other] = await append(1, [entry('a', 'dedup:{s}:m1'), entry('b')]);
    const [again, fresh] = await append(1, [entry('a', 'dedup:{s}:m1'), entry('c', 'dedup:{s}:m2')], 'producers:{s}:two');
    expect(again).toBe(first);
    expect(fresh).not.toBe(other);
    expect(await stored()).toEqual(['a', 'b', 'c']);
    expect(await redis.pttl('dedup:{s}:m1')).toBeGreaterThan(50_000);
  });

  it('forgets a producer after an hour of silence, not before', async () => {
    await append(1, [entry('a')]);
    expect(await redis.pttl('producers:{s}:one')).toBeGreaterThan(3_590_000);
  });

  it('writes nothing at all when the key is no stream', async () => {
    await redis.set('s', 'text');
    await expect(append(1, [entry('a')])).rejects.toMatchObject({ code: 'REDIS_REFUSED' });
    expect(await redis.exists('producers:{s}:one')).toBe(0);
  });
});

describe('append-with-id.lua', () => {
  let server: RunningServer;
  let redis: Redis;
  let operations: StreamOperations;
  const append = (id: string, data: string, time = '1') => operations.appendWithId({ stream: 's', id, fields: ['data', data, 'timestamp', time], mayDiffer: 'timestamp' });

  beforeAll(async () => {
    server = await startRedis();
    redis = new Redis(server.url);
    operations = new StreamOperations(redis);
  });
  afterEach(() => redis.flushall());
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  it('stores an entry under its id, once however often it is sent, whenever it was sent', async () => {
    expect(await append('5-1', 'a', '1')).toBe('5-1');
    expect(await append('5-1', 'a', '2')).toBe('5-1');
    expect(await redis.xrange('s', '-', '+')).toEqual([['5-1', ['data', 'a', 'timestamp', '1']]]);
  });

  it('refuses an id that belongs to another entry, also one with more or other fields', async () => {
    await append('5-1', 'a');
    expect(await append('5-1', 'b')).toBeUndefined();
    expect(await operations.appendWithId({ stream: 's', id: '5-1', fields: ['data', 'a'], mayDiffer: 'timestamp' })).toBeUndefined();
    expect(await operations.appendWithId({ stream: 's', id: '5-1', fields: ['data', 'a', 'time', '1'], mayDiffer: 'timestamp' })).toBeUndefined();
  });

  it('refuses an id that is not greater than the last one, also when that entry is gone', async () => {
    await append('9-5', 'a');
    await redis.xdel('s', '9-5');
    for (const id of ['9-5', '9-4', '8-9', '8-10']) expect(await append(id, 'b')).toBeUndefined();
    expect(await append('9-10', 'b')).toBe('9-10');
    expect(await append('10-0', 'c')).toBe('10-0');
  });
});
