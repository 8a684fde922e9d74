import { silentLogger, type Logger } from '@angarium/observability';
import { stopAfterTests, waitFor } from '@angarium/testing';
import type { Subscription } from '../../catalog/subscriptions/subscription.js';
import { CatalogSignals } from '../../catalog/catalog-signals.js';
import { SubscriptionCache } from '../../catalog/subscriptions/subscription-cache.js';
import { makeParts, type Parts } from '../../testing/flow-bench/make-parts.js';
import { numbers } from '../../testing/flow-bench/start-flow-bench.js';
import { DrainLane } from '../drain/drain-lane.js';
import { Epoch } from '../drain/epoch.js';
import { SweepUndrained } from '../drain/sweep-undrained.js';
import { ReadStream } from './read-stream.js';

let parts: Parts;
let topicId: string;
let epoch: Epoch;
let lane: DrainLane;
let sweep: SweepUndrained;
beforeAll(async () => {
  parts = await makeParts();
});
beforeEach(async () => {
  topicId = await parts.topic();
  epoch = new Epoch(parts.redis, parts.addresses.mqKey('epoch'));
  lane = new DrainLane({ streams: parts.streams, records: parts.records, logger: silentLogger, onAppended: () => undefined });
  sweep = new SweepUndrained(parts.records, lane, epoch, silentLogger);
});
afterEach(() => lane.stop(1_000));
afterAll(() => parts.close());
stopAfterTests(); // below, as it stops the servers

const readerOf = (consumer = 'replica-1', logger = silentLogger) => new ReadStream(parts.streams, parts.records, epoch, parts.sql, logger, consumer);
async function subscribed(settled = 0): Promise<Subscription> {
  const id = await parts.subscription(topicId, [settled]);
  return (await new SubscriptionCache(parts.sql, new CatalogSignals(), silentLogger).find(id))!;
}
/** Publishes and appends, as commit and drain do. */
async function publish(count: number): Promise<void> {
  const stored = await parts.commit(topicId, numbers(1, count).map(() => ({})));
  sweep.kick();
  await sweep.sweepOnce();
  const last = stored.at(-1)!.offset;
  await waitFor(() => lane.appendedUntil({ topicId, partition: 0 }) === last, { what: 'the messages to be appended' });
}
const offsets = async (subscription: Subscription, reader = readerOf(), count = 100) => (await reader.next(subscription, 0, count)).map(({ offset }) => offset);
const feeds = () => parts.sql.query('SELECT subscription_id AS id, kind, next_offset::int AS next, until_offset::int AS until FROM broker.delivery_feeds WHERE subscription_id IN (SELECT id FROM broker.message_subscriptions WHERE topic_id = $1)', [topicId]);

describe('the first read of a subscription', () => {
  it('begins behind what it has settled, and two replicas share what follows', async () => {
    const subscription = await subscribed(2);
    await publish(10);
    expect(await offsets(subscription, readerOf('one'), 3)).toEqual([3, 4, 5]);
    expect(await offsets(subscription, readerOf('other'), 3)).toEqual([6, 7, 8]);
    expect(await offsets(subscription)).toEqual([9, 10]);
    expect(await offsets(subscription)).toEqual([]);
    expect(await feeds()).toEqual([]);
  });

  it('by many replicas at once gives every message to one of them', async () => {
    const subscription = await subscribed();
    await publish(50);
    const taken = await Promise.all(numbers(1, 8).map((n) => offsets(subscription, readerOf(`replica-${n}`), 10)));
    expect(taken.flat().sort((a, b) => a - b)).toEqual(numbers(1, 50));
  });

  it('late and from the beginning, gets from the record what the stream has no more, and the rest from the stream', async () => {
    const first = await subscribed();
    await publish(10);
    expect(await offsets(first)).toEqual(numbers(1, 10));
    await parts.streams.trim({ topicId, partition: 0 }, 0, 6);
    const late = await subscribed();
    const taken = await Promise.all(numbers(1, 8).map((n) => offsets(late, readerOf(`replica-${n}`))));
    expect(taken.flat().sort((a, b) => a - b)).toEqual(numbers(7, 10));
    // once, whoever noticed
    expect(await feeds()).toEqual([{ id: late.id, kind: 'gap', next: 1, until: 6 }]);
    expect(await parts.sql.query('SELECT settled_offset::int AS at FROM broker.subscription_cursors WHERE subscription_id = $1', [late.id])).toEqual([{ at: 6 }]);
  });

  it('of a stream that was trimmed empty leaves all of it to the record, and what comes later is in the stream', async () => {
    const first = await subscribed();
    await publish(4);
    await offsets(first);
    await parts.streams.trim({ topicId, partition: 0 }, 0, 4);
    const late = await subscribed();
    expect(await offsets(late)).toEqual([]);
    expect(await feeds()).toEqual([{ id: late.id, kind: 'gap', next: 1, until: 4 }]);
    await publish(2);
    expect(await offsets(late)).toEqual([5, 6]);
  });
});

describe('a Redis that lost everything', () => {
  it('is noticed by whoever reads first: the stream is begun where the slowest had settled, and both groups go on there', async () => {
    const [slow, fast] = [await subscribed(), await subscribed()];
    await publish(6);
    expect(await offsets(slow)).toHaveLength(6);
    expect(await offsets(fast)).toHaveLength(6);
    // written down by the follow loop
    await parts.sql.execute('UPDATE broker.subscription_cursors SET settled_offset = 2 WHERE subscription_id = $1', [slow.id]);
    await parts.sql.execute('UPDATE broker.subscription_cursors SET settled_offset = 5 WHERE subscription_id = $1', [fast.id]);
    const life = epoch.current;
    await parts.redis.flushall();
    expect(await offsets(fast)).toEqual([]);
    expect(epoch.current).not.toBe(life);
    await sweep.sweepOnce();
    await waitFor(() => lane.appendedUntil({ topicId, partition: 0 }) === 6, { what: 'the stream to be filled' });
    expect(await offsets(slow)).toEqual([3, 4, 5, 6]);
    expect(await offsets(fast)).toEqual([6]);
    expect(await feeds()).toEqual([]);
  });
});

describe('subscriptions that find their streams', () => {
  it('are told of in one line, however many there are', async () => {
    const lines: object[] = [];
    const logger = { debug: () => undefined, info: (fields: object) => lines.push(fields) } as unknown as Logger;
    const subscriptions = await Promise.all(numbers(1, 4).map(() => subscribed()));
    await publish(1);
    const reader = readerOf('replica-1', logger);
    for (const subscription of subscriptions) expect(await offsets(subscription, reader)).toEqual([1]);
    await waitFor(() => lines.length > 0, { what: 'the line' });
    expect(lines).toEqual([{ subscriptionCount: 4, groupCount: 4 }]);
  });
});

describe('a subscription that is gone', () => {
  it('reads nothing, and no group is made for it', async () => {
    const subscription = await subscribed();
    await publish(2);
    await parts.sql.execute('DELETE FROM broker.message_subscriptions WHERE id = $1', [subscription.id]);
    expect(await offsets(subscription)).toEqual([]);
    expect(await parts.streams.groups({ topicId, partition: 0 })).toEqual(new Map());
  });
});
