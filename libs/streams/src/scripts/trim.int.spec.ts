import { Redis } from 'ioredis';
import { startRedis, type RunningServer } from '@angarium/testing';
import { StreamOperations, type TrimLimits } from '../stream-operations.js';

describe('trim.lua', () => {
  let server: RunningServer;
  let redis: Redis;
  let operations: StreamOperations;
  /** Entries 1-0, 2-0 … */
  const fill = async (length: number) => {
    const pipeline = redis.pipeline();
    for (let at = 1; at <= length; at++) pipeline.xadd('s', `${at}-0`, 'at', at);
    await pipeline.exec();
  };
  const take = (group: string, count: number) => redis.xreadgroup('GROUP', group, 'c', 'COUNT', count, 'STREAMS', 's', '>');
  const acknowledge = (group: string, from: number, to: number) => redis.xack('s', group, ...Array.from({ length: to - from + 1 }, (_, at) => `${from + at}-0`));
  const oldest = async () => Number((await redis.xrange('s', '-', '+', 'COUNT', 1))[0]?.[0].split('-')[0] ?? 0);
  const exactly = (limits: TrimLimits) => operations.trim('s', { approximate: false, ...limits });

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

  it('leaves a stream that is missing, empty or short enough alone', async () => {
    expect(await exactly({ maxLen: 1 })).toBe(0);
    expect(await redis.exists('s')).toBe(0);
    await fill(3);
    expect(await exactly({ maxLen: 3 })).toBe(0);
    await redis.xtrim('s', 'MAXLEN', 0);
    expect(await exactly({ maxLen: 0, olderThanMs: 0 })).toBe(0);
  });

  it('trims a stream without groups to its length and by its age', async () => {
    await fill(10);
    expect(await exactly({ maxLen: 4 })).toBe(6);
    expect(await oldest()).toBe(7);
    await redis.xadd('s', '*', 'at', 'now');
    expect(await exactly({ olderThanMs: 60_000 })).toBe(4);
    expect(await redis.xlen('s')).toBe(1);
  });

  it('keeps what a group was never given', async () => {
    await fill(10);
    await redis.xgroup('CREATE', 's', 'g', '0');
    expect(await exactly({ maxLen: 0 })).toBe(0);
    await take('g', 4);
    await acknowledge('g', 1, 4);
    expect(await exactly({ maxLen: 0 })).toBe(4);
    expect(await oldest()).toBe(5);
  });

  it('keeps what a group was given but has not acknowledged, and all that is younger', async () => {
    await fill(10);
    await redis.xgroup('CREATE', 's', 'g', '0');
    await take('g', 10);
    await acknowledge('g', 1, 2);
    await acknowledge('g', 4, 10);
    expect(await exactly({ maxLen: 0 })).toBe(2);
    expect(await oldest()).toBe(3);
  });

  it('lets the slowest of several groups decide', async () => {
    await fill(10);
    for (const group of ['fast', 'slow', 'busy']) await redis.xgroup('CREATE', 's', group, '0');
    await take('fast', 10);
    await acknowledge('fast', 1, 10);
    await take('slow', 6);
    await acknowledge('slow', 1, 6);
    await take('busy', 8);
    await acknowledge('busy', 1, 3);
    expect(await exactly({ maxLen: 1, olderThanMs: 0 })).toBe(3);
    expect(await oldest()).toBe(4);
    await acknowledge('busy', 4, 8);
    expect(await exactly({ maxLen: 1 })).toBe(3);
    expect(await oldest()).toBe(7);
  });

  it('takes a group that began at the end as having seen everything before', async () => {
    await fill(5);
    await redis.xgroup('CREATE', 's', 'g', '$');
    await redis.xadd('s', '6-0', 'at', 6);
    expect(await exactly({ maxLen: 0 })).toBe(5);
    expect(await oldest()).toBe(6);
  });

  it('compares ids by both numbers, not as text', async () => {
    await redis.xadd('s', '9-9', 'at', 1);
    await redis.xadd('s', '9-10', 'at', 2);
    await redis.xadd('s', '10-1', 'at', 3);
    await redis.xgroup('CREATE', 's', 'g', '0');
    await take('g', 3);
    await redis.xack('s', 'g', '9-9', '10-1');
    expect(await exactly({ maxLen: 0 })).toBe(1);
    expect((await redis.xrange('s', '-', '+'))[0]?.[0]).toBe('9-10');
  });

  it('approximately keeps up to a node more, but not the unacknowledged less', async () => {
    await fill(1000);
    await redis.xgroup('CREATE', 's', 'g', '0');
    await take('g', 450);
    await acknowledge('g', 1, 450);
    expect(await operations.trim('s', { maxLen: 100 })).toBe(400);
    expect(await oldest()).toBe(401);
  });

  it('goes through a long surplus in steps of a thousand, by length and by age', async () => {
    await fill(5_000);
    expect(await operations.trimStep('s', { maxLen: 100, approximate: false })).toEqual({ removed: 1000, mayRemoveMore: true });
    expect(await exactly({ maxLen: 2_100 })).toBe(1_900);
    expect(await operations.trimStep('s', { olderThanMs: 0, approximate: false })).toEqual({ removed: 1000, mayRemoveMore: true });
    expect(await exactly({ olderThanMs: 0 })).toBe(1_100);
  });
});
