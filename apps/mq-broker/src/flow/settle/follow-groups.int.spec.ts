import { silentLogger, type Logger } from '@angarium/observability';
import { stopAfterTests, waitFor } from '@angarium/testing';
import { CatalogSignals } from '../../catalog/catalog-signals.js';
import { SubscriptionCache } from '../../catalog/subscriptions/subscription-cache.js';
import { makeParts, type Parts } from '../../testing/flow-bench/make-parts.js';
import { numbers } from '../../testing/flow-bench/start-flow-bench.js';
import { FollowGroups, type FollowGroupsOptions } from './follow-groups.js';
import { TrimStreams } from './trim-streams.js';

let parts: Parts;
let topicId: string;
let subscriptions: SubscriptionCache;
let taken: { id: string; partition: number; offsets: number[] }[] = [];
let behind: { id: string; partition: number }[] = [];
const LEASE_MS = 300;
beforeAll(async () => {
  parts = await makeParts();
});
beforeEach(async () => {
  await parts.sql.execute('DELETE FROM broker.message_subscriptions');
  topicId = await parts.topic();
  subscriptions = new SubscriptionCache(parts.sql, new CatalogSignals(), silentLogger);
  taken = [];
  behind = [];
});
afterAll(() => parts.close());
stopAfterTests(); // below, as it stops the servers

const followerOf = (more: Partial<FollowGroupsOptions> = {}) =>
  new FollowGroups({
    ...{ sql: parts.sql, streams: parts.streams, subscriptions, consumer: 'replica-takeover', leaseMs: LEASE_MS, logger: silentLogger },
    takeOver: (subscription, { partition }, messages) => {
      taken.push({ id: subscription.id, partition, offsets: messages.map(({ offset }) => offset) });
      return Promise.resolve();
    },
    onBehind: ({ id }, partition) => behind.push({ id, partition }),
    ...more,
  });
/** A webhook that nobody calls: its leases are those of a replica. */
async function subscribed(settled: number, isPush = true): Promise<string> {
  const id = await parts.subscription(topicId, [settled]);
  if (isPush) await parts.sql.execute(`UPDATE broker.message_subscriptions SET subscription_type = 'webhook' WHERE id = $1`, [id]);
  await subscriptions.reload(id);
  await parts.streams.placeGroup({ topicId, partition: 0 }, id, settled);
  return id;
}
async function publish(count: number): Promise<void> {
  await parts.streams.begin({ topicId, partition: 0 }, 0);
  await parts.streams.append(await parts.stored(topicId, numbers(1, count).map(() => ({}))));
}
const at = () => ({ topicId, partition: 0 });
const read = (id: string, count: number, consumer = 'replica-1') => parts.streams.readNew(at(), id, consumer, count);
const cursor = async (id: string) => (await parts.sql.query<{ at: number }>('SELECT settled_offset::int AS at FROM broker.subscription_cursors WHERE subscription_id = $1', [id]))[0]!.at;
const streamOf = async () => (await parts.streams.range(at(), 0, 100_000, 100_000)).map(({ offset }) => offset);

describe('the cursor of a subscription', () => {
  it('follows what is settled without a gap: never past the oldest message that somebody has in hand', async () => {
    await publish(10);
    const id = await subscribed(0);
    const follow = followerOf();
    await follow.followOnce();
    expect(await cursor(id)).toBe(0);
    await read(id, 6);
    await parts.streams.acknowledge(at(), id, 'replica-1', [1, 2, 4, 5]);
    await follow.followOnce();
    expect(await cursor(id)).toBe(2);
    await parts.streams.acknowledge(at(), id, 'replica-1', [3, 6]);
    await follow.followOnce();
    expect(await cursor(id)).toBe(6);
  });

  it('only ever goes forward, also when Redis came back with less', async () => {
    await publish(10);
    const id = await subscribed(0);
    await parts.sql.execute('UPDATE broker.subscription_cursors SET settled_offset = 8 WHERE subscription_id = $1', [id]);
    await read(id, 3);
    await parts.streams.acknowledge(at(), id, 'replica-1', [1, 2, 3]);
    await followerOf().followOnce();
    expect(await cursor(id)).toBe(8);
  });

  it('stays where it is while the group is missing', async () => {
    await publish(3);
    const id = await subscribed(0);
    await parts.streams.removeGroup(at(), id);
    await followerOf().followOnce();
    expect(await cursor(id)).toBe(0);
    // but whoever should read is told, and makes the group
    expect(behind).toEqual([{ id, partition: 0 }]);
  });

  it('tells when something was consumed last', async () => {
    await publish(1);
    const id = await subscribed(0);
    await read(id, 1);
    await parts.streams.acknowledge(at(), id, 'replica-1', [1]);
    await followerOf().followOnce();
    expect(await parts.sql.query('SELECT last_consumed_at IS NOT NULL AS told FROM broker.message_subscriptions WHERE id = $1', [id])).toEqual([{ told: true }]);
  });
});

describe('whoever is behind', () => {
  it('is woken until it has taken everything, and then left in peace', async () => {
    await publish(2);
    const id = await subscribed(0);
    const follow = followerOf();
    await follow.followOnce();
    await read(id, 1);
    await follow.followOnce();
    expect(behind).toHaveLength(2);
    await read(id, 1);
    await follow.followOnce();
    expect(behind).toHaveLength(2);
  });
});

describe('a message whose owner is not heard of', () => {
  it('is taken over once its lease is over, by one replica, and not before', async () => {
    await publish(3);
    const id = await subscribed(0);
    await read(id, 3, 'dead-replica');
    const replicas = [followerOf(), followerOf({ consumer: 'other-takeover' })];
    await replicas[0]!.followOnce();
    expect(taken).toEqual([]);
    await waitFor(async () => {
      await Promise.all(replicas.map((it) => it.followOnce()));
      return taken.length > 0;
    }, { what: 'the takeover' });
    expect(taken.flatMap(({ offsets }) => offsets).sort()).toEqual([1, 2, 3]);
    expect(taken[0]).toMatchObject({ id, partition: 0 });
  });

  it('is left where it is while its owner renews it', async () => {
    await publish(1);
    const id = await subscribed(0);
    await read(id, 1);
    const until = performance.now() + 3 * LEASE_MS;
    await waitFor(async () => {
      await parts.streams.keep(at(), id, 'replica-1', [1]);
      await followerOf().followOnce();
      return performance.now() > until;
    }, { what: 'three leases' });
    expect(taken).toEqual([]);
  });

  it('is left alone for a while after Redis was away, so that whoever lives can renew it', async () => {
    await publish(1);
    const id = await subscribed(0);
    await read(id, 1);
    const follow = followerOf({ leaseMs: 0 });
    follow.holdOff(LEASE_MS);
    await follow.followOnce();
    expect(taken).toEqual([]);
    await waitFor(async () => {
      await follow.followOnce();
      return taken.length > 0;
    }, { what: 'the takeover after the grace' });
  });

  it('of a pull subscription is given the acknowledgement timeout of its consumer', async () => {
    await publish(1);
    const id = await subscribed(0, false);
    await read(id, 1, 'pull-x');
    await waitFor(async () => (await parts.streams.groups(at())).get(id)?.pendingCount === 1, { what: 'it to be in hand' });
    // far shorter than the subscription's 30 s
    await followerOf({ leaseMs: 0 }).followOnce();
    expect(taken).toEqual([]);
  });

  it('and whose entry vanished from the stream is said loudly', async () => {
    await publish(1);
    const id = await subscribed(0);
    await read(id, 1);
    await parts.redis.xdel(parts.addresses.topicStream(topicId, 0), '1-0');
    const lines: unknown[] = [];
    const logger = { ...silentLogger, error: (fields: object) => lines.push(fields) } as unknown as Logger;
    await followerOf({ leaseMs: 0, logger }).followOnce();
    expect(lines).toEqual([{ subscriptionId: id, partition: 0, offsets: [1] }]);
    expect(taken).toEqual([]);
  });
});

describe('trimming', () => {
  const trimmer = () => new TrimStreams(parts.sql, parts.streams, () => undefined, silentLogger);

  it('removes what every subscription has settled and never a message that one has not', async () => {
    await publish(20);
    const [slow, fast] = [await subscribed(0), await subscribed(0)];
    const move = (id: string, to: number) => parts.sql.execute('UPDATE broker.subscription_cursors SET settled_offset = $2 WHERE subscription_id = $1', [id, to]);
    const trim = trimmer();
    await move(fast, 15);
    await trim.trimOnce();
    expect(await streamOf()).toEqual(numbers(1, 20));
    await move(slow, 7);
    await trim.trimOnce();
    expect(await streamOf()).toEqual(numbers(8, 20));
    // another replica that knows nothing does the same
    await move(slow, 9);
    await trimmer().trimOnce();
    expect(await streamOf()).toEqual(numbers(10, 20));
    await move(slow, 20);
    await move(fast, 20);
    await trim.trimOnce();
    expect(await streamOf()).toEqual([]);
  });

  it('does not wait for an ordered subscription, which reads the record', async () => {
    await publish(5);
    await parts.subscription(topicId, [0], { isOrdered: true });
    await trimmer().trimOnce();
    expect(await streamOf()).toEqual([]);
  });

  it('of a long backlog goes in steps that do not hold Redis, and to the end', async () => {
    await publish(500);
    for (let more = 0; more < 9; more++) await parts.streams.append(await parts.stored(topicId, numbers(1, 500).map(() => ({}))));
    const id = await subscribed(4_990);
    await trimmer().trimOnce();
    expect(await streamOf()).toEqual(numbers(4_991, 5_000));
    expect(await cursor(id)).toBe(4_990);
  });

  it('removes the streams of a topic that was deleted', async () => {
    await publish(3);
    await subscribed(0);
    const gone: string[] = [];
    const trim = new TrimStreams(parts.sql, parts.streams, (id) => gone.push(id), silentLogger);
    await trim.trimOnce();
    await parts.sql.execute('DELETE FROM broker.message_topics WHERE id = $1', [topicId]);
    await trim.trimOnce();
    expect(await parts.redis.keys(`*${topicId}*`)).toEqual([]);
    expect(gone).toEqual([topicId]);
  });

  it('and following run by themselves, and at once when asked', async () => {
    await publish(3);
    const id = await subscribed(0);
    const [follow, trim] = [followerOf(), trimmer()];
    follow.start();
    trim.start();
    await read(id, 3);
    await parts.streams.acknowledge(at(), id, 'replica-1', [1, 2, 3]);
    follow.kick();
    await waitFor(async () => (await cursor(id)) === 3, { what: 'the cursor' });
    trim.kick();
    await waitFor(async () => (await streamOf()).length === 0, { what: 'the trim' });
    await Promise.all([follow.stop(), trim.stop()]);
  });
});
