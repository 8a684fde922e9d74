import { silentLogger } from '@angarium/observability';
import { stopAfterTests, waitFor } from '@angarium/testing';
import { makeParts, TENANT_ID, type Parts } from '../../testing/flow-bench/make-parts.js';
import { numbers } from '../../testing/flow-bench/start-flow-bench.js';
import { FeedLedger } from './feed-ledger.js';

let parts: Parts;
let topicId: string;
let fed: string[] = [];
let feeds: FeedLedger;
beforeAll(async () => {
  parts = await makeParts();
});
beforeEach(async () => {
  await parts.sql.execute('DELETE FROM broker.deliveries');
  await parts.sql.execute('DELETE FROM broker.delivery_feeds');
  topicId = await parts.topic();
  fed = [];
  feeds = feederOf();
});
afterAll(() => parts.close());
stopAfterTests(); // below, as it stops Postgres

const feederOf = () => new FeedLedger(parts.sql, (id) => fed.push(id), silentLogger);
const publish = (count: number) => parts.commit(topicId, numbers(1, count).map((n) => ({ key: `k${n % 5}` })));
interface Row {
  readonly offset: number;
  readonly status: string;
  readonly attempts: number;
}
const rowsOf = (subscriptionId: string) =>
  parts.sql.query<Row>('SELECT offset_value::int AS offset, status, attempts FROM broker.deliveries WHERE subscription_id = $1 ORDER BY partition_id, offset_value', [subscriptionId]);
const offsetsOf = async (subscriptionId: string) => (await rowsOf(subscriptionId)).map(({ offset }) => offset);
const feedsOf = (subscriptionId: string) =>
  parts.sql.query<{ kind: string; next: number }>('SELECT kind, next_offset::int AS next FROM broker.delivery_feeds WHERE subscription_id = $1', [subscriptionId]);
const settleAll = () => parts.sql.execute(`UPDATE broker.deliveries SET status = 'delivered' WHERE status = 'waiting'`);
const settled = async (subscriptionId: string) =>
  (await parts.sql.query<{ at: number }>('SELECT settled_offset::int AS at FROM broker.subscription_cursors WHERE subscription_id = $1', [subscriptionId]))[0]!.at;

describe('a replay', () => {
  it('of many messages never makes more than a thousand wait, and goes on when there is room', async () => {
    await publish(2_600);
    const subscription = await parts.subscription(topicId, [2_600]);
    await parts.catalog.feed(subscription, 'replay', 1, 2_550);
    while (await feeds.feedOnce());
    expect(await offsetsOf(subscription)).toEqual(numbers(1, 1_000));
    expect(await feeds.feedOnce()).toBe(false);
    expect(await offsetsOf(subscription)).toHaveLength(1_000);
    await settleAll();
    while (await feeds.feedOnce());
    expect(await offsetsOf(subscription)).toHaveLength(2_000);
    await settleAll();
    while (await feeds.feedOnce());
    expect(await offsetsOf(subscription)).toEqual(numbers(1, 2_550));
    // and the feed is over
    expect(await feedsOf(subscription)).toEqual([]);
    expect(new Set(fed)).toEqual(new Set([subscription]));
  });

  it('delivers again what was delivered or is dead, with a fresh series of attempts, and leaves alone what somebody has in hand', async () => {
    const messages = await parts.stored(topicId, numbers(1, 4).map(() => ({})));
    const subscription = await parts.subscription(topicId, [4]);
    const park = (at: number, retryInMs: number | undefined) => parts.ledger.park([{ subscriptionId: subscription, tenantId: TENANT_ID, message: messages[at]!, attempts: 3, retryInMs, error: 'x' }]);
    const take = () => waitFor(async () => (await parts.ledger.take(subscription, 1, 60_000, false))[0], { what: 'it to be due' });
    await park(0, 0);
    await parts.ledger.settle([await take()]);
    await park(1, undefined);
    await park(2, 0);
    const held = await take();
    await parts.catalog.feed(subscription, 'replay', 1, 4);
    await feeds.feedOnce();
    expect(await rowsOf(subscription)).toEqual([
      { offset: 1, status: 'waiting', attempts: 0 },
      { offset: 2, status: 'waiting', attempts: 0 },
      { offset: 3, status: 'in_flight', attempts: 4 },
      { offset: 4, status: 'waiting', attempts: 0 },
    ]);
    expect(await parts.ledger.settle([held])).toEqual(new Set([held.id]));
  });

  it('passes over what has no record any more, and ends', async () => {
    await publish(10);
    await parts.sql.execute('DELETE FROM broker.message_records WHERE topic_id = $1 AND (offset_value < 4 OR offset_value = 10)', [topicId]);
    const subscription = await parts.subscription(topicId, [10]);
    await parts.catalog.feed(subscription, 'replay', 1, 10);
    while (await feeds.feedOnce());
    expect(await offsetsOf(subscription)).toEqual(numbers(4, 9));
    expect(await feedsOf(subscription)).toEqual([]);
  });

  it('waits while its subscription is paused', async () => {
    await publish(3);
    const subscription = await parts.subscription(topicId, [3], { status: 'paused' });
    await parts.catalog.feed(subscription, 'replay', 1, 3);
    expect(await feeds.feedOnce()).toBe(false);
    expect(await rowsOf(subscription)).toEqual([]);
    await parts.sql.execute(`UPDATE broker.message_subscriptions SET status = 'active' WHERE id = $1`, [subscription]);
    await feeds.feedOnce();
    expect(await offsetsOf(subscription)).toEqual([1, 2, 3]);
  });

  it('of one subscription with no room does not hold up another’s', async () => {
    await publish(1_500);
    const [full, other] = [await parts.subscription(topicId, [1_500]), await parts.subscription(topicId, [1_500])];
    await parts.catalog.feed(full, 'replay', 1, 1_500);
    while (await feeds.feedOnce());
    await parts.catalog.feed(other, 'replay', 1, 10);
    await feeds.feedOnce();
    expect(await offsetsOf(full)).toHaveLength(1_000);
    expect(await offsetsOf(other)).toEqual(numbers(1, 10));
  });
});

describe('a gap', () => {
  it('puts there what never was, and touches nothing that is', async () => {
    const messages = await parts.stored(topicId, numbers(1, 3).map(() => ({})));
    const subscription = await parts.subscription(topicId, [3]);
    await parts.ledger.park([{ subscriptionId: subscription, tenantId: TENANT_ID, message: messages[1]!, attempts: 2, retryInMs: undefined, error: 'dead before' }]);
    await parts.catalog.feed(subscription, 'gap', 1, 3);
    while (await feeds.feedOnce());
    expect((await rowsOf(subscription)).map(({ offset, status }) => [offset, status])).toEqual([[1, 'waiting'], [2, 'dead'], [3, 'waiting']]);
    expect(await feedsOf(subscription)).toEqual([]);
  });
});

describe('an ordered subscription', () => {
  it('gets the log as it grows, and its cursor says how far', async () => {
    const subscription = await parts.subscription(topicId, [0], { isOrdered: true });
    await parts.catalog.feed(subscription, 'order', 1, null);
    expect(await feeds.feedOnce()).toBe(false);
    for (const round of numbers(1, 3)) {
      await publish(4);
      await feeds.feedOnce();
      expect(await offsetsOf(subscription)).toEqual(numbers(1, round * 4));
      expect(await settled(subscription)).toBe(round * 4);
    }
    expect(await feedsOf(subscription)).toEqual([{ kind: 'order', next: 13 }]);
  });

  it('that two replicas feed at once gets every message once', async () => {
    const subscription = await parts.subscription(topicId, [0], { isOrdered: true });
    await parts.catalog.feed(subscription, 'order', 1, null);
    await publish(900);
    const replicas = [feeds, feederOf(), feederOf()];
    await waitFor(async () => {
      await Promise.all(replicas.map((it) => it.feedOnce()));
      return (await settled(subscription)) === 900;
    }, { what: 'all to be fed' });
    expect(await offsetsOf(subscription)).toEqual(numbers(1, 900));
  });

  it('is fed as soon as somebody says that there is something new', async () => {
    const subscription = await parts.subscription(topicId, [0], { isOrdered: true });
    await parts.catalog.feed(subscription, 'order', 1, null);
    feeds.start();
    await publish(2);
    feeds.kick();
    await waitFor(async () => (await rowsOf(subscription)).length === 2, { what: 'the messages' });
    await feeds.stop();
  });
});
