import { Redis } from 'ioredis';
import { deadLetterFields, entryFields } from '@angarium/contracts';
import { startRedis, type RunningServer } from '@angarium/testing';
import { readField } from '../fields.js';
import { StreamOperations } from '../stream-operations.js';

describe('who may do what with an entry', () => {
  let server: RunningServer;
  let redis: Redis;
  let operations: StreamOperations;
  let ids: string[];
  const give = (consumer: string, count: number) => redis.xreadgroup('GROUP', 'g', consumer, 'COUNT', count, 'STREAMS', 's', '>');
  const pending = async () => (await redis.xpending('s', 'g', '-', '+', 100)) as [id: string, consumer: string, idle: number, deliveries: number][];
  const makeIdle = (consumer: string, idleMs: number, ...which: string[]) => redis.xclaim('s', 'g', consumer, 0, ...which, 'IDLE', idleMs, 'JUSTID');
  const reclaim = (consumer: string, count = 10, cursor = '') => operations.reclaim({ stream: 's', group: 'g', consumer, minIdleMs: 1_000, count, cursor });

  beforeAll(async () => {
    server = await startRedis();
    redis = new Redis(server.url);
    operations = new StreamOperations(redis);
  });
  beforeEach(async () => {
    ids = [];
    for (let at = 0; at < 5; at++) ids.push(String(await redis.xadd('s', '*', 'data', at)));
    expect(await operations.ensureGroup('s', 'g')).toBe(true);
  });
  afterEach(() => redis.flushall());
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  it('ensureGroup leaves a group that is there as it is', async () => {
    await give('anna', 2);
    expect(await operations.ensureGroup('s', 'g', '$')).toBe(false);
    expect(await pending()).toHaveLength(2);
  });

  it('keep renews the lease of what is mine, stores the attempts, and tells what is not mine any more', async () => {
    await give('anna', 3);
    await makeIdle('anna', 5_000, ids[0]!, ids[1]!);
    await redis.xclaim('s', 'g', 'bert', 0, ids[1]!, 'JUSTID');
    await redis.xack('s', 'g', ids[2]!);
    const held = ids.slice(0, 3).map((id) => ({ id, attempts: 4 }));
    expect(await operations.keep('s', 'g', 'anna', held)).toEqual([ids[1], ids[2]]);
    const [[, owner, idle, deliveries] = [], [, other] = []] = await pending();
    expect([owner, deliveries, other]).toEqual(['anna', 4, 'bert']);
    expect(idle).toBeLessThan(1_000);
  });

  it('giveBack makes what is mine free at once and leaves alone what is not', async () => {
    await give('anna', 2);
    await redis.xclaim('s', 'g', 'bert', 0, ids[1]!, 'JUSTID');
    expect(await operations.giveBack('s', 'g', 'anna', ids.slice(0, 2).map((id) => ({ id, attempts: 0 })), 5_000)).toEqual([ids[1]]);
    const { entries } = await reclaim('carl');
    expect(entries.map(({ id, deliveryCount }) => [id, deliveryCount])).toEqual([[ids[0], 0]]);
  });

  it('reclaim takes what was idle for long enough, with its fields and how often it was handed over', async () => {
    await give('anna', 3);
    await makeIdle('anna', 5_000, ids[0]!, ids[2]!);
    const { entries, cursor } = await reclaim('bert');
    expect(entries).toEqual([
      { id: ids[0], deliveryCount: 1, fields: ['data', '0'] },
      { id: ids[2], deliveryCount: 1, fields: ['data', '2'] },
    ]);
    expect(cursor).toBe('');
    expect((await pending()).map(([, consumer, , deliveries]) => [consumer, deliveries])).toEqual([
      ['bert', 2],
      ['anna', 1],
      ['bert', 2],
    ]);
  });

  it('of two that reclaim at once, one gets each entry', async () => {
    await give('anna', 5);
    await makeIdle('anna', 5_000, ...ids);
    const [one, two] = await Promise.all([reclaim('bert', 3), reclaim('carl', 3)]);
    expect([...one.entries, ...two.entries].map(({ id }) => id).toSorted()).toEqual(ids);
  });

  it('reclaim goes on where the cursor says, until it is at the end', async () => {
    await give('anna', 5);
    await makeIdle('anna', 5_000, ...ids);
    const first = await reclaim('bert', 2);
    expect(first.cursor).toBe(`(${ids[1]}`);
    const second = await reclaim('bert', 2, first.cursor);
    const third = await reclaim('bert', 2, second.cursor);
    expect([...second.entries, ...third.entries].map(({ id }) => id)).toEqual(ids.slice(2));
    expect(third.cursor).toBe('');
  });

  it('reclaim drops from the pending list what was trimmed away', async () => {
    await give('anna', 2);
    await makeIdle('anna', 5_000, ids[0]!, ids[1]!);
    await redis.xdel('s', ids[0]!);
    expect((await reclaim('bert')).entries.map(({ id }) => id)).toEqual([ids[1]]);
    expect(await pending()).toHaveLength(1);
  });

  it('deadLetter moves my entry with its reason in one step, and refuses that of another consumer or a settled one', async () => {
    await give('anna', 1);
    const request = { stream: 's', deadStream: 'dead', group: 'g', id: ids[0]!, fields: [deadLetterFields.reason, 'burnt'] };
    expect(await operations.deadLetter({ ...request, consumer: 'bert' })).toBeUndefined();
    expect(await redis.exists('dead')).toBe(0);
    const deadId = await operations.deadLetter({ ...request, consumer: 'anna' });
    expect(await redis.xrange('dead', '-', '+')).toEqual([[deadId, ['data', '0', deadLetterFields.reason, 'burnt']]]);
    expect(await pending()).toEqual([]);
    expect(await operations.deadLetter({ ...request, consumer: 'anna' })).toBeUndefined();
    expect(await redis.xlen('dead')).toBe(1);
  });

  it('deadLetter keeps the reason of an entry that was trimmed away meanwhile', async () => {
    await give('anna', 1);
    await redis.xdel('s', ids[0]!);
    await operations.deadLetter({ stream: 's', deadStream: 'dead', group: 'g', consumer: 'anna', id: ids[0]!, fields: [deadLetterFields.reason, 'burnt'] });
    expect((await redis.xrange('dead', '-', '+'))[0]?.[1]).toEqual([deadLetterFields.reason, 'burnt']);
    expect(await pending()).toEqual([]);
  });

  it('redrive puts a dead letter back for its group alone, once, and counts', async () => {
    const die = async (id: string) => {
      await give('anna', 1);
      const fields = [deadLetterFields.reason, 'burnt', deadLetterFields.originId, id];
      return String(await operations.deadLetter({ stream: 's', deadStream: 'dead', group: 'g', consumer: 'anna', id, fields }));
    };
    await redis.xtrim('s', 'MINID', ids[4]!);
    const dead = await die(ids[4]!);
    const request = { deadStream: 'dead', stream: 's', group: 'g', id: dead };
    const again = await operations.redrive(request);
    expect(await operations.redrive(request)).toBeUndefined();
    expect(await redis.xlen('dead')).toBe(0);
    expect(await redis.xrange('s', String(again), '+')).toEqual([[again, [entryFields.onlyGroup, 'g', deadLetterFields.redrives, '1', 'data', '4']]]);
    const twice = await operations.redrive({ ...request, id: await die(String(again)) });
    const [[, fields] = []] = await redis.xrange('s', String(twice), '+');
    expect(readField(fields ?? [], deadLetterFields.redrives)).toBe('2');
    expect(fields).toHaveLength(6);
  });

  it('forgetConsumer removes a consumer that has nothing pending, and never one that has', async () => {
    await give('anna', 1);
    await redis.xgroup('CREATECONSUMER', 's', 'g', 'bert');
    expect(await operations.forgetConsumer('s', 'g', 'anna')).toBe(false);
    expect(await operations.forgetConsumer('s', 'g', 'bert')).toBe(true);
    expect(await pending()).toHaveLength(1);
  });

  it('forgetIdleConsumers removes those that were not heard of for a while and have nothing pending', async () => {
    await give('anna', 1);
    await redis.xgroup('CREATECONSUMER', 's', 'g', 'bert');
    expect(await operations.forgetIdleConsumers('s', 'g', 60_000)).toBe(0);
    expect(await operations.forgetIdleConsumers('s', 'g', 0)).toBe(1);
    expect(await pending()).toHaveLength(1);
  });

  it('remove takes entries out of the stream, and says when it could not', async () => {
    await operations.remove('s', ids.slice(0, 2));
    expect(await redis.xlen('s')).toBe(3);
    await operations.remove('s', []);
    await redis.set('text', 'x');
    await expect(operations.remove('text', ['1-0'])).rejects.toMatchObject({ code: 'REDIS_REFUSED' });
  });
});
