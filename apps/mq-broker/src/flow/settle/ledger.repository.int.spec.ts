import { stopAfterTests } from '@angarium/testing';
import { makeParts, TENANT_ID, type Parts } from '../../testing/flow-bench/make-parts.js';
import { numbers } from '../../testing/flow-bench/start-flow-bench.js';
import type { BrokerMessage } from '../broker-message.js';
import type { Parked } from './ledger.repository.js';

let parts: Parts;
let topicId: string;
let subscriptionId: string;
beforeAll(async () => {
  parts = await makeParts();
});
beforeEach(async () => {
  await parts.sql.execute('DELETE FROM broker.deliveries');
  topicId = await parts.topic(2);
  subscriptionId = await parts.subscription(topicId, [0, 0]);
});
afterAll(() => parts.close());
stopAfterTests(); // below, as it stops Postgres

const LEASE_MS = 60_000;
const take = (count = 100, isOrdered = false, leaseMs = LEASE_MS) => parts.ledger.take(subscriptionId, count, leaseMs, isOrdered);
const parkedOf = (message: BrokerMessage, more: Partial<Parked> = {}): Parked => ({ subscriptionId, tenantId: TENANT_ID, message, attempts: 1, retryInMs: 0, error: 'it failed', ...more });
/** What is due now was so before: times are kept in milliseconds, rounded, and would else be up to one of them away. */
const dueSince = () => parts.sql.execute(`UPDATE broker.deliveries SET next_attempt_at = next_attempt_at - interval '1 ms' WHERE status = 'waiting'`);
/** Commits messages and puts them into the ledger. */
async function owe(messages: readonly { key?: string; partition?: number }[], more: Partial<Parked> = {}): Promise<BrokerMessage[]> {
  const stored = await parts.stored(topicId, messages);
  await parts.ledger.park(stored.map((it) => parkedOf(it, more)));
  await dueSince();
  return stored;
}
interface Row {
  readonly status: string;
  readonly attempts: number;
  readonly last_error: string | null;
  readonly lease_token: string | null;
  readonly died_at: Date | null;
  readonly due: boolean;
}
const rows = () => parts.sql.query<Row>('SELECT *, next_attempt_at <= now() AS due FROM broker.deliveries WHERE subscription_id = $1 ORDER BY partition_id, offset_value', [subscriptionId]);
const expire = () => parts.sql.execute(`UPDATE broker.deliveries SET lease_until = now() - interval '1 second' WHERE status = 'in_flight'`);
const offsetsOf = (leased: readonly { message: BrokerMessage }[]) => leased.map(({ message }) => message.offset);

describe('a delivery in the ledger', () => {
  it('is taken with its message and the number of the attempt', async () => {
    const [message] = await owe([{ key: 'k' }], { attempts: 2 });
    const [leased] = await take();
    expect(leased).toMatchObject({ attempt: 3, redrives: 0, message: message! });
    expect(await rows()).toMatchObject([{ status: 'in_flight', attempts: 3 }]);
    expect(await parts.ledger.inFlightCount(subscriptionId)).toBe(1);
  });

  it('is not taken before it is due', async () => {
    await owe([{}], { retryInMs: 60_000 });
    expect(await take()).toEqual([]);
    expect(await parts.ledger.dueSubscriptions()).not.toContain(subscriptionId);
  });

  it('is found due only where its subscription is active', async () => {
    await owe([{}]);
    expect(await parts.ledger.dueSubscriptions()).toContain(subscriptionId);
    await parts.sql.execute(`UPDATE broker.message_subscriptions SET status = 'paused' WHERE id = $1`, [subscriptionId]);
    expect(await parts.ledger.dueSubscriptions()).not.toContain(subscriptionId);
  });

  it('that two replicas take at once is taken by one of them', async () => {
    await owe(numbers(1, 300).map(() => ({})));
    const taken = (await Promise.all(numbers(1, 12).map(() => take(40)))).flat();
    expect(new Set(taken.map(({ id }) => id)).size).toBe(taken.length);
    expect(offsetsOf([...taken, ...(await take(300))]).sort((a, b) => a - b)).toEqual(numbers(1, 300));
  });

  it('that ended well stays for an hour, so that a late failure does not bring it back, and is forgotten then', async () => {
    const [message] = await owe([{}]);
    const [leased] = await take();
    expect(await parts.ledger.settle([leased!])).toEqual(new Set([leased!.id]));
    await parts.ledger.park([parkedOf(message!)]);
    expect(await rows()).toMatchObject([{ status: 'delivered' }]);
    expect(await parts.ledger.forgetSettled(10)).toBe(0);
    await parts.sql.execute(`UPDATE broker.deliveries SET updated_at = now() - interval '61 minutes'`);
    expect(await parts.ledger.forgetSettled(10)).toBe(1);
    expect(await rows()).toEqual([]);
  });

  it('without a further attempt is dead at once; the record says so', async () => {
    const [message] = await owe([{}], { retryInMs: undefined, error: 'gone for good' });
    expect(await rows()).toMatchObject([{ status: 'dead', last_error: 'gone for good', died_at: expect.any(Date) as Date }]);
    expect(await parts.ledger.isDead(subscriptionId, 0, message!.offset)).toBe(true);
    expect(await take()).toEqual([]);
    await parts.ledger.markDead(message!, 4);
    expect(await parts.sql.query('SELECT status, retry_count FROM broker.message_records WHERE topic_id = $1', [topicId])).toEqual([{ status: 'dead_letter', retry_count: 4 }]);
  });

  it('that is given back costs no attempt and is due again', async () => {
    await owe([{}]);
    const leased = await take();
    expect(await parts.ledger.giveBack(leased)).toEqual(new Set(leased.map(({ id }) => id)));
    expect(await rows()).toMatchObject([{ status: 'waiting', attempts: 1, due: true, lease_token: null }]);
    for (const none of [leased, []]) expect(await parts.ledger.giveBack(none)).toEqual(new Set());
  });

  it('waits for as long as it was told after a failure', async () => {
    await owe([{}]);
    const [leased] = await take();
    expect(await parts.ledger.fail(leased!, 60_000, 'busy')).toBe(true);
    expect(await rows()).toMatchObject([{ status: 'waiting', due: false, last_error: 'busy' }]);
  });
});

describe('a replica that was frozen past its lease', () => {
  /** Taken by a frozen replica, lapsed, and taken again by another one. */
  async function takenTwice() {
    await owe([{}]);
    const [late] = await take();
    await expire();
    const [expired] = await parts.ledger.expired(10);
    expect(expired).toMatchObject({ id: late!.id, token: late!.token, subscriptionId, attempts: 2 });
    expect(await parts.ledger.fail(expired!, 0, 'lease lost')).toBe(true);
    await dueSince();
    const [ours] = await take();
    return { late: late!, ours: ours! };
  }

  it('cannot settle, fail, renew or give back what another has now', async () => {
    const { late, ours } = await takenTwice();
    const before = await rows();
    expect(await parts.ledger.settle([late])).toEqual(new Set());
    expect(await parts.ledger.fail(late, undefined, 'too late')).toBe(false);
    expect(await parts.ledger.keep([late], LEASE_MS)).toEqual(new Map());
    expect(await parts.ledger.giveBack([late])).toEqual(new Set());
    expect(await rows()).toEqual(before);
    expect(await parts.ledger.settle([ours])).toEqual(new Set([ours.id]));
    expect(await parts.ledger.fail(ours, undefined, 'after the end')).toBe(false);
    expect(await rows()).toMatchObject([{ status: 'delivered' }]);
  });

  it('is taken over once, also where two notice it at once', async () => {
    await owe([{}]);
    await take();
    await expire();
    const [[seen], [seenToo]] = await Promise.all([parts.ledger.expired(10), parts.ledger.expired(10)]);
    const tokens = await Promise.all([parts.ledger.takeOver(seen!, LEASE_MS), parts.ledger.takeOver(seenToo!, LEASE_MS)]);
    const [token, ...others] = tokens.filter((it) => it !== undefined);
    expect(others).toEqual([]);
    expect(await parts.ledger.expired(10)).toEqual([]);
    expect(await parts.ledger.fail(seen!, 0, 'lost')).toBe(false);
    expect(await parts.ledger.fail({ id: seen!.id, token: token! }, 0, 'lost')).toBe(true);
  });

  it('is not taken over by who noticed it, where it was settled or renewed meanwhile', async () => {
    await owe([{}, {}]);
    const leased = await take();
    await expire();
    const seen = await parts.ledger.expired(10);
    expect(seen).toHaveLength(2);
    await parts.ledger.settle(leased.slice(0, 1));
    await parts.ledger.keep(leased.slice(1), LEASE_MS);
    for (const it of seen) expect(await parts.ledger.takeOver(it, LEASE_MS)).toBeUndefined();
  });

  it('is not taken over while its heartbeat goes on', async () => {
    await owe([{}]);
    const [leased] = await take(1, false, 500);
    expect(await parts.ledger.keep([leased!], LEASE_MS)).toEqual(new Map([[leased!.id, 0]]));
    expect(await parts.ledger.expired(10)).toEqual([]);
    expect(await parts.ledger.keep([], LEASE_MS)).toEqual(new Map());
    expect(await parts.ledger.settle([])).toEqual(new Set());
  });
});

describe('the order of a key', () => {
  it('lets only the oldest of each key be taken; keys and messages without one do not wait for each other', async () => {
    await owe([{ key: 'a' }, { key: 'a' }, { key: 'b' }, { key: 'b' }, {}, {}]);
    expect(offsetsOf(await take(100, true))).toEqual([1, 3, 5, 6]);
    expect(await take(100, true)).toEqual([]);
  });

  it('a failing head holds up its key until it is delivered, and nothing else', async () => {
    await owe([{ key: 'a' }, { key: 'a' }, { key: 'b' }, { key: 'b' }]);
    const [a, b] = await take(100, true);
    await parts.ledger.fail(a!, 60_000, 'later');
    await parts.ledger.settle([b!]);
    expect(offsetsOf(await take(100, true))).toEqual([4]);
    await parts.sql.execute(`UPDATE broker.deliveries SET next_attempt_at = now() - interval '1 ms' WHERE status = 'waiting'`);
    const [again] = await take(100, true);
    expect(again!.message.offset).toBe(1);
    await parts.ledger.settle([again!]);
    expect(offsetsOf(await take(100, true))).toEqual([2]);
  });

  it('a dead head lets its key go on', async () => {
    await owe([{ key: 'a' }, { key: 'a' }]);
    const [head] = await take(100, true);
    await parts.ledger.fail(head!, undefined, 'given up');
    expect(offsetsOf(await take(100, true))).toEqual([2]);
  });

  it('holds within a partition and a subscription; another subscription with the same key is not held up', async () => {
    const messages = await owe([{ key: 'a' }, { key: 'a' }, { key: 'a', partition: 1 }]);
    const other = await parts.subscription(topicId, [0, 0]);
    await parts.ledger.park([parkedOf(messages[1]!, { subscriptionId: other })]);
    expect((await take(100, true)).map(({ message }) => [message.partition, message.offset])).toEqual([[0, 1], [1, 1]]);
    expect(offsetsOf(await parts.ledger.take(other, 10, LEASE_MS, true))).toEqual([2]);
  });

  it('takers that race never have two of one key in hand', async () => {
    await owe(numbers(1, 60).map((n) => ({ key: `key-${n % 3}` })));
    const delivered: number[] = [];
    const inHand = new Set<string>();
    const work = async () => {
      for (let idle = 0; delivered.length < 60 && idle < 200; ) {
        const leased = await take(2, true);
        idle = leased.length === 0 ? idle + 1 : 0;
        for (const it of leased) {
          expect(inHand.has(it.message.key!)).toBe(false);
          inHand.add(it.message.key!);
        }
        for (const it of leased) {
          delivered.push(it.message.offset);
          inHand.delete(it.message.key!);
          await parts.ledger.settle([it]);
        }
      }
    };
    await Promise.all([work(), work(), work(), work()]);
    for (const rest of numbers(0, 2)) expect(delivered.filter((offset) => offset % 3 === rest)).toEqual(numbers(1, 60).filter((n) => n % 3 === rest));
  });
});
