import { silentLogger } from '@angarium/observability';
import { closeRedis, connectRedis } from '@angarium/redis';
import { stopAfterTests, waitFor } from '@angarium/testing';
import { makeParts, type Parts } from '../../testing/flow-bench/make-parts.js';
import { numbers } from '../../testing/flow-bench/start-flow-bench.js';
import type { NewMessage } from '../commit/new-message.js';
import { PartitionStreams, type PartitionId } from '../partition-streams.js';
import { DrainLane } from './drain-lane.js';
import { Epoch } from './epoch.js';
import { SweepUndrained } from './sweep-undrained.js';

let parts: Parts;
let lanes: DrainLane[] = [];
let told: { at: PartitionId; count: number; waitedMs: number }[] = [];
beforeAll(async () => {
  parts = await makeParts();
});
afterEach(async () => {
  await Promise.all(lanes.map((it) => it.stop(1_000)));
  lanes = [];
  told = [];
});
afterAll(() => parts.close());
stopAfterTests(); // below, as it stops the servers

function laneOf(streams: PartitionStreams = parts.streams): DrainLane {
  const onAppended = ({ topicId, partition }: PartitionId, count: number, waitedMs: number) => void told.push({ at: { topicId, partition }, count, waitedMs });
  const lane = new DrainLane({ streams, records: parts.records, logger: silentLogger, onAppended });
  lanes.push(lane);
  return lane;
}
const entries = async (topicId: string, partition = 0) => parts.streams.range({ topicId, partition }, 0, 1_000_000, 10_000);
const offsets = async (topicId: string, partition = 0) => (await entries(topicId, partition)).map(({ offset }) => offset);
const toBeThere = (topicId: string, wanted: readonly number[]) =>
  waitFor(async () => JSON.stringify(await offsets(topicId)) === JSON.stringify(wanted), { what: `the stream to hold ${wanted.length} messages`, timeoutMs: 5_000 });
/** A topic with a subscription that has settled nothing: without one nothing needs to be in the stream. */
async function readTopic(partitionCount = 1): Promise<string> {
  const topicId = await parts.topic(partitionCount);
  await parts.subscription(topicId, numbers(1, partitionCount).map(() => 0));
  return topicId;
}
const numbered = (from: number, to: number, more: Partial<NewMessage> = {}) => numbers(from, to).map((n) => ({ payload: `{"n":${n}}`, ...more }));

describe('drain', () => {
  it('brings what was committed into the stream as it was published, and says so', async () => {
    const topicId = await readTopic();
    const more = {
      ...{ messageId: 'm-1', key: 'kéy "quoted"', type: 'order.made', correlationId: 'c-1', headers: '{"a":"b"}', payload: '{"z":1,"a":[1.50,"\\u0000"]}', producer: 'shop' },
      ...{ expiresAt: new Date(1_900_000_000_000), traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
    };
    const [message] = await parts.stored(topicId, [more]);
    laneOf().offer([message!]);
    await toBeThere(topicId, [1]);
    expect(await entries(topicId)).toEqual([message]);
    // and the record tells the same
    expect(await parts.records.range({ topicId, partition: 0 }, 1, 1, 1)).toEqual([message]);
    await waitFor(() => told.length > 0, { what: 'it to be told' });
    expect(told.at(-1)).toMatchObject({ at: { topicId, partition: 0 } });
  });

  it('asks for relief while much waits and the streams take it, and for none where they take nothing', async () => {
    const topicId = await readTopic();
    const lane = laneOf();
    expect(lane.relief()).toBeUndefined();
    const messages = await parts.stored(topicId, numbered(1, 12_000));
    lane.offer(messages);
    // nothing was appended yet: Redis may be away, and publishing must not wait for it
    expect(lane.relief()).toBeUndefined();
    await waitFor(() => told.length > 0, { what: 'the first append', everyMs: 0 });
    const began = performance.now();
    await lane.relief();
    expect(performance.now() - began).toBeLessThan(1_000);
    await waitFor(() => lane.appendedUntil({ topicId, partition: 0 }) === 12_000, { what: 'all to be appended' });
    expect(lane.relief()).toBeUndefined();
  });

  it('two replicas that have the same and different pieces append each message once, in order', async () => {
    const topicId = await readTopic();
    const messages = await parts.stored(topicId, numbered(1, 300));
    const [one, other] = [laneOf(), laneOf()];
    for (const [nth, message] of messages.entries()) {
      if (nth % 3 !== 1) one.offer([message]);
      if (nth % 3 !== 0) other.offer([message]);
    }
    await toBeThere(topicId, numbers(1, 300));
    expect((await entries(topicId)).map(({ payload }) => payload)).toEqual(numbers(1, 300).map((n) => `{"n":${n}}`));
    expect(told.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThanOrEqual(299);
  });

  it('a gap is filled from the record where the replica that committed it never appends it', async () => {
    const topicId = await readTopic();
    const messages = await parts.stored(topicId, numbered(1, 20));
    laneOf().offer(messages.slice(0, 5));
    await toBeThere(topicId, numbers(1, 5));
    // 6 to 15 were committed by a replica that died
    laneOf().offer(messages.slice(15));
    await toBeThere(topicId, numbers(1, 20));
  });

  it('partitions go each for itself', async () => {
    const topicId = await readTopic(3);
    const messages = await parts.stored(topicId, numbers(0, 29).map((n) => ({ partition: n % 3 })));
    laneOf().offer(messages);
    for (const partition of numbers(0, 2)) {
      await waitFor(async () => (await offsets(topicId, partition)).length === 10, { what: `partition ${partition}` });
      expect(await offsets(topicId, partition)).toEqual(numbers(1, 10));
    }
  });

  it('more than one append holds goes in several, and large ones too', async () => {
    const topicId = await readTopic();
    const big = JSON.stringify('x'.repeat(200_000));
    const messages = await parts.stored(topicId, [...numbered(1, 1_200), ...numbers(1, 8).map(() => ({ payload: big }))]);
    laneOf().offer(messages);
    await toBeThere(topicId, numbers(1, 1_208));
  });

  it('what waits beyond 16 MiB is let go and read from the record', async () => {
    const topicId = await readTopic();
    const big = JSON.stringify('x'.repeat(3_000_000));
    const messages = await parts.stored(topicId, numbers(1, 7).map(() => ({ payload: big })));
    laneOf().offer(messages);
    await toBeThere(topicId, numbers(1, 7));
    expect((await entries(topicId)).every(({ payload }) => payload === big)).toBe(true);
  });
});

describe('a stream that is not there', () => {
  it('is begun behind what every subscription has settled, and filled from the record', async () => {
    const topicId = await parts.topic();
    const messages = await parts.stored(topicId, numbered(1, 30));
    await parts.subscription(topicId, [12]);
    await parts.subscription(topicId, [20]);
    // an ordered one reads the record and needs nothing of the stream
    await parts.subscription(topicId, [3], { isOrdered: true });
    laneOf().offer(messages.slice(-1));
    await toBeThere(topicId, numbers(13, 30));
  });

  it('is begun at the head where nobody reads it', async () => {
    const topicId = await parts.topic();
    const messages = await parts.stored(topicId, numbered(1, 10));
    laneOf().offer(messages.slice(-1));
    await waitFor(async () => (await parts.streams.heads([{ topicId, partition: 0 }]))[0] === 10, { what: 'the head' });
    expect(await offsets(topicId)).toEqual([]);
  });

  it('that vanishes between two appends is rebuilt by the next one', async () => {
    const topicId = await readTopic();
    const lane = laneOf();
    lane.offer(await parts.stored(topicId, numbered(1, 5)));
    await toBeThere(topicId, numbers(1, 5));
    await parts.streams.remove({ topicId, partition: 0 });
    lane.offer(await parts.stored(topicId, numbered(6, 8)));
    await toBeThere(topicId, numbers(1, 8));
  });

  it('half restored, without its head, it is begun anew and holds nothing twice', async () => {
    const topicId = await readTopic();
    const lane = laneOf();
    lane.offer(await parts.stored(topicId, numbered(1, 5)));
    await toBeThere(topicId, numbers(1, 5));
    await parts.redis.del(`${parts.addresses.topicStream(topicId, 0)}:head`);
    lane.offer(await parts.stored(topicId, numbered(6, 6)));
    await toBeThere(topicId, numbers(1, 6));
  });

  it('trimmed empty it goes on at the next offset all the same', async () => {
    const topicId = await readTopic();
    const lane = laneOf();
    lane.offer(await parts.stored(topicId, numbered(1, 5)));
    await toBeThere(topicId, numbers(1, 5));
    await parts.streams.trim({ topicId, partition: 0 }, 0, 5);
    expect(await offsets(topicId)).toEqual([]);
    laneOf().offer(await parts.stored(topicId, numbered(6, 7)));
    await toBeThere(topicId, [6, 7]);
  });

  it('of a topic that was deleted nothing is filled and nobody waits for it', async () => {
    const topicId = await parts.topic();
    const messages = await parts.stored(topicId, numbered(1, 3));
    await parts.sql.execute('DELETE FROM broker.message_topics WHERE id = $1', [topicId]);
    await parts.sql.execute('DELETE FROM broker.message_records WHERE topic_id = $1', [topicId]);
    const lane = laneOf();
    lane.offer(messages.slice(1));
    await waitFor(() => lane.appendedUntil({ topicId, partition: 0 }) === 3, { what: 'the lane to come to rest' });
    lane.forget(topicId);
    expect(lane.appendedUntil({ topicId, partition: 0 })).toBeUndefined();
  });
});

describe('records that are gone', () => {
  it('are skipped, when their day was dropped before they were appended, and what follows is not held up', async () => {
    const topicId = await readTopic();
    const lane = laneOf();
    lane.offer(await parts.stored(topicId, numbered(1, 2)));
    await toBeThere(topicId, [1, 2]);
    const later = await parts.stored(topicId, numbered(3, 9));
    await parts.sql.execute('DELETE FROM broker.message_records WHERE topic_id = $1 AND offset_value BETWEEN 3 AND 5', [topicId]);
    laneOf().offer(later.slice(-1));
    await toBeThere(topicId, [1, 2, 6, 7, 8, 9]);
  });

  it('at the very end are skipped too', async () => {
    const topicId = await readTopic();
    await parts.stored(topicId, numbered(1, 4));
    await parts.sql.execute('DELETE FROM broker.message_records WHERE topic_id = $1 AND offset_value > 2', [topicId]);
    const lane = laneOf();
    lane.catchUp({ topicId, partition: 0 }, 4);
    await waitFor(async () => (await parts.streams.heads([{ topicId, partition: 0 }]))[0] === 4, { what: 'the head' });
    expect(await offsets(topicId)).toEqual([1, 2]);
    lane.offer(await parts.stored(topicId, numbered(5, 5)));
    await toBeThere(topicId, [1, 2, 5]);
  });
});

describe('the sweep', () => {
  const sweepOf = (lane: DrainLane, epoch = new Epoch(parts.redis, parts.addresses.mqKey('epoch'))) => ({ epoch, sweep: new SweepUndrained(parts.records, lane, epoch, silentLogger) });

  it('finds what was committed by a replica that died before it appended', async () => {
    const topicId = await readTopic();
    await parts.commit(topicId, numbered(1, 700));
    await sweepOf(laneOf()).sweep.sweepOnce();
    await toBeThere(topicId, numbers(1, 700));
  });

  it('leaves topics with durability stream alone: their numbers are made in Redis', async () => {
    const topicId = await parts.topic();
    await parts.sql.execute(`UPDATE broker.message_topics SET durability = 'stream' WHERE id = $1`, [topicId]);
    await parts.commit(topicId, numbered(1, 3));
    const lane = laneOf();
    await sweepOf(lane).sweep.sweepOnce();
    expect(lane.appendedUntil({ topicId, partition: 0 })).toBeUndefined();
  });

  it('after a flush of Redis it forgets what it knew, and brings everything back that somebody still owes', async () => {
    const topicId = await parts.topic();
    await parts.subscription(topicId, [2]);
    const lane = laneOf();
    const { epoch, sweep } = sweepOf(lane);
    lane.offer(await parts.stored(topicId, numbered(1, 6)));
    await sweep.sweepOnce();
    await waitFor(() => lane.appendedUntil({ topicId, partition: 0 }) === 6, { what: 'all to be appended' });
    const life = epoch.current;
    await parts.redis.flushall();
    await sweep.sweepOnce();
    expect(epoch.current).not.toBe(life);
    await toBeThere(topicId, numbers(3, 6));
  });

  it('runs by itself, and at once when it is told that Redis is back', async () => {
    const topicId = await readTopic();
    const { sweep } = sweepOf(laneOf());
    sweep.start();
    await parts.commit(topicId, numbered(1, 3));
    sweep.kick();
    await toBeThere(topicId, numbers(1, 3));
    await sweep.stop();
  });
});

describe('the epoch', () => {
  it('is the same for all replicas and survives everything but the loss of Redis’ data', async () => {
    const key = parts.addresses.mqKey('epoch-test');
    const [one, other] = [new Epoch(parts.redis, key), new Epoch(parts.redis, key)];
    expect(one.current).toBe('');
    const changes: string[] = [];
    one.onChange(() => changes.push(one.current));
    const [life, same] = await Promise.all([one.refresh(), other.refresh()]);
    expect(same).toBe(life);
    expect(await one.refresh()).toBe(life);
    await parts.redis.del(key);
    const next = await other.refresh();
    expect(next).not.toBe(life);
    expect(await one.refresh()).toBe(next);
    expect(changes).toEqual([life, next]);
  });
});

describe('while Redis is away', () => {
  it('the lane keeps what was offered and appends it when Redis is back; a stop meanwhile ends in time', async () => {
    const topicId = await readTopic();
    const redis = connectRedis({ url: parts.redisServer.url, name: 'away', logger: silentLogger, reconnectMaxMs: 50 });
    const lane = laneOf(new PartitionStreams(redis, parts.addresses));
    lane.offer(await parts.stored(topicId, numbered(1, 2)));
    await toBeThere(topicId, [1, 2]);
    await parts.redisServer.kill();
    lane.offer(await parts.stored(topicId, numbered(3, 4)));
    const stopping = performance.now();
    await laneOf().stop(50);
    expect(performance.now() - stopping).toBeLessThan(1_000);
    await parts.redisServer.restart();
    await toBeThere(topicId, [1, 2, 3, 4]);
    await lane.stop(1_000);
    await closeRedis(redis);
  });

  it('a lane that was stopped takes nothing more', async () => {
    const topicId = await parts.topic();
    const lane = laneOf();
    await lane.stop(10);
    lane.offer(await parts.stored(topicId, numbered(1, 1)));
    lane.catchUp({ topicId, partition: 0 }, 1);
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect(await parts.streams.heads([{ topicId, partition: 0 }])).toEqual([undefined]);
  });
});
