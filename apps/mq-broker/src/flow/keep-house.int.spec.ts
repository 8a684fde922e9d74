import { SubscriptionDisabled } from '@angarium/contracts';
import { silentLogger } from '@angarium/observability';
import { stopAfterTests, waitFor } from '@angarium/testing';
import { MessageBus } from '@angarium/transport';
import { makeParts, TENANT_ID, type Parts } from '../testing/flow-bench/make-parts.js';
import { KeepHouse } from './keep-house.js';

let parts: Parts;
let bus: MessageBus;
beforeAll(async () => {
  parts = await makeParts();
  bus = new MessageBus({ service: 'mq-broker', redisUrl: parts.redisServer.url, namespace: 'parts' });
});
afterAll(async () => {
  await bus.close();
  await parts.close();
});
stopAfterTests(); // below, as it stops the servers

const houseOf = (removeExpiredKeys = (): Promise<unknown> => Promise.resolve()) => new KeepHouse({ sql: parts.sql, ledger: parts.ledger, bus, removeExpiredKeys, logger: silentLogger });
const told = async (id: string) => (await parts.redis.xrange(parts.addresses.eventStream(SubscriptionDisabled.name), '-', '+')).filter(([, fields]) => fields.join(' ').includes(id));
const disabled = async () => {
  const id = await parts.subscription(await parts.topic(), [0], { status: 'disabled' });
  await parts.sql.execute(`UPDATE broker.message_subscriptions SET disabled_reason = 'gone', disabled_at = now() WHERE id = $1`, [id]);
  return id;
};

describe('keeping house', () => {
  it('tells of a disabled subscription once, also after a crash between the event and its note, and again when it is disabled again', async () => {
    const id = await disabled();
    const houses = [houseOf(), houseOf()];
    await Promise.all(houses.map((it) => it.shortOnce()));
    expect(await told(id)).toHaveLength(1);
    await parts.sql.execute('UPDATE broker.message_subscriptions SET disabled_told_at = NULL WHERE id = $1', [id]);
    await houses[0]!.shortOnce();
    expect(await told(id)).toHaveLength(1);
    await parts.sql.execute(`UPDATE broker.message_subscriptions SET disabled_told_at = NULL, disabled_at = now() + interval '1 minute' WHERE id = $1`, [id]);
    await houses[0]!.shortOnce();
    const events = await told(id);
    expect(events).toHaveLength(2);
    expect(events[0]![1].join(' ')).toContain('"reason":"gone"');
  });

  it('forgets message ids whose window is over, schedules and deliveries that ended long ago, and nothing else', async () => {
    const topicId = await parts.topic();
    const subscription = await parts.subscription(topicId, [0]);
    await parts.commit(topicId, [{ messageId: 'old', dedupWindowMs: 60_000 }, { messageId: 'new', dedupWindowMs: 60_000 }]);
    await parts.sql.execute(`UPDATE broker.message_dedup SET expires_at = now() - interval '1 second' WHERE message_id = 'old'`);
    await parts.catalog.deliveries(subscription, 'delivered', 1, 2);
    await parts.catalog.deliveries(subscription, 'waiting', 3, 3);
    await parts.sql.execute(`UPDATE broker.deliveries SET updated_at = now() - interval '2 hours' WHERE offset_value IN (1, 3)`);
    const schedule = `INSERT INTO broker.scheduled_messages (tenant_id, topic_id, kind, status, due_at, message_type, payload, updated_at)
      VALUES ($1, $2, 'once', $3, now() + interval '1 day', 'x', '1', now() - interval '8 days')`;
    for (const status of ['published', 'waiting']) await parts.sql.execute(schedule, [TENANT_ID, topicId, status]);
    let removed = 0;
    await houseOf(() => Promise.resolve((removed += 1))).shortOnce();
    const left = async (query: string) => (await parts.sql.query<{ it: string }>(query)).map(({ it }) => it);
    expect(await left('SELECT message_id AS it FROM broker.message_dedup')).toEqual(['new']);
    expect(await left('SELECT offset_value::text AS it FROM broker.deliveries ORDER BY 1')).toEqual(['2', '3']);
    expect(await left('SELECT status AS it FROM broker.scheduled_messages')).toEqual(['waiting']);
    expect(removed).toBe(1);
  });

  it('runs by itself: the days to come have their tables and those that are over are gone', async () => {
    await parts.sql.execute(`SELECT broker.ensure_day((now() AT TIME ZONE 'UTC')::date - 40)`);
    const house = houseOf();
    house.start();
    const old = `SELECT FROM pg_class WHERE relname = 'message_records_' || to_char((now() AT TIME ZONE 'UTC') - interval '40 days', 'YYYYMMDD')`;
    await waitFor(async () => (await parts.sql.query(old)).length === 0, { what: 'the old day to go' });
    await house.stop();
  });
});
