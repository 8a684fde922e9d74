import { CreateSubscription, CreateTopic, ReplaySubscription, type TopicView } from '@angarium/contracts/broker-api';
import { ListAudit } from '@angarium/contracts/broker-api';
import type { Sql } from '@angarium/database';
import { stopAfterTests } from '@angarium/testing';
import { startControlPlane, type ControlPlane } from '../../../testing/start-control-plane.js';

let sql: Sql;
let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
  sql = plane.sql;
});
afterAll(() => plane.close());
stopAfterTests(); // below, as it stops Postgres

let topic: TopicView;
let id: string;
let turn = 0;
/** Five messages in the first partition, two in the second; all of them settled. */
beforeEach(async () => {
  topic = (await plane.call(CreateTopic, { body: { name: `topic-${++turn}`, partitionCount: 2 } })).body;
  await plane.publish(topic, ...[1, 2, 3, 4, 5].map((n) => ({ messageId: `m-${n}`, key: `k-${n}` })), { partition: 1 }, { partition: 1 });
  id = await subscribe('first');
});

const subscribe = async (group: string, more: object = {}) => (await plane.call(CreateSubscription, { body: { topic: topic.name, group, destination: { type: 'pull' }, ...more } })).body.id;
const replay = (body: object, subscriptionId = id) => plane.call(ReplaySubscription, { params: { id: subscriptionId }, body });
const feeds = (subscriptionId = id) =>
  sql.query(
    `SELECT partition_id AS partition, next_offset::int AS first, until_offset::int AS last FROM broker.delivery_feeds WHERE subscription_id = $1 AND kind = 'replay' ORDER BY partition_id, created_at`,
    [subscriptionId],
  );
const rows = () => sql.query('SELECT message_id, message_key, status, attempts, died_at FROM broker.deliveries WHERE subscription_id = $1 ORDER BY offset_value', [id]);

describe('a replay', () => {
  it('from an offset feeds that partition up to what is published by now', async () => {
    expect(await replay({ fromOffset: 3 })).toMatchObject({ status: 202, body: { replayedMessages: 3 } });
    await plane.publish(topic, {});
    expect(await feeds()).toEqual([{ partition: 0, first: 3, last: 5 }]);
    expect((await replay({ fromOffset: 1, partition: 1, untilOffset: 1 })).body).toEqual({ replayedMessages: 1 });
    expect(await feeds()).toContainEqual({ partition: 1, first: 1, last: 1 });
  });

  it('holds nothing that lies outside of the log', async () => {
    await sql.execute('UPDATE broker.topic_partitions SET first_offset = 3 WHERE topic_id = $1 AND partition_id = 0', [topic.id]);
    expect((await replay({ fromOffset: 1, untilOffset: 900 })).body).toEqual({ replayedMessages: 3 });
    expect((await replay({ fromOffset: 90 })).body).toEqual({ replayedMessages: 0 });
    expect((await replay({ fromOffset: 4, untilOffset: 2 })).body).toEqual({ replayedMessages: 0 });
    expect(await feeds()).toEqual([{ partition: 0, first: 3, last: 5 }]);
  });

  it('from a time feeds all partitions, or one', async () => {
    await sql.execute(
      `UPDATE broker.message_records SET published_at = greatest(published_at - interval '1 hour', current_date - 1) WHERE topic_id = $1 AND partition_id = 0 AND offset_value < 4`,
      [topic.id],
    );
    const fromTime = new Date(Date.now() - 1_800_000).toISOString();
    expect((await replay({ fromTime })).body).toEqual({ replayedMessages: 4 });
    expect(await feeds()).toEqual([{ partition: 0, first: 4, last: 5 }, { partition: 1, first: 1, last: 2 }]);
    expect((await replay({ fromTime, partition: 1 })).body).toEqual({ replayedMessages: 2 });
    expect((await replay({ fromTime: new Date(Date.now() + 60_000).toISOString() })).body).toEqual({ replayedMessages: 0 });
  });

  it('of one message makes it wait, whatever became of it before', async () => {
    expect((await replay({ messageId: 'm-2' })).body).toEqual({ replayedMessages: 1 });
    const waiting = { message_id: 'm-2', message_key: 'k-2', status: 'waiting', attempts: 0, died_at: null };
    expect(await rows()).toEqual([waiting]);
    for (const status of ['delivered', 'dead', 'discarded', 'waiting']) {
      await sql.execute(`UPDATE broker.deliveries SET status = $2, attempts = 4, died_at = now() WHERE subscription_id = $1`, [id, status]);
      expect((await replay({ messageId: 'm-2' })).body).toEqual({ replayedMessages: 1 });
      expect(await rows()).toEqual([waiting]);
    }
  });

  it('leaves a message alone that is being delivered now', async () => {
    await replay({ messageId: 'm-2' });
    await sql.execute(`UPDATE broker.deliveries SET status = 'in_flight', attempts = 3 WHERE subscription_id = $1`, [id]);
    expect((await replay({ messageId: 'm-2' })).body).toEqual({ replayedMessages: 0 });
    expect(await rows()).toMatchObject([{ status: 'in_flight', attempts: 3 }]);
  });

  it('does not overtake what an ordered subscription has yet to get', async () => {
    const ordered = await subscribe('ordered', { isOrdered: true, offsetReset: { offset: 3 } });
    expect((await replay({ fromOffset: 1 }, ordered)).body).toEqual({ replayedMessages: 2 });
    expect(await feeds(ordered)).toEqual([{ partition: 0, first: 1, last: 2 }]);
    expect((await replay({ messageId: 'm-4' }, ordered)).body).toEqual({ replayedMessages: 0 });
    expect((await replay({ messageId: 'm-1' }, ordered)).body).toEqual({ replayedMessages: 1 });
  });

  it('concerns no other subscription', async () => {
    const other = await subscribe('second');
    await replay({ fromOffset: 1 });
    await replay({ messageId: 'm-1' });
    expect(await feeds(other)).toEqual([]);
    expect(await sql.query('SELECT 1 FROM broker.deliveries WHERE subscription_id = $1', [other])).toEqual([]);
  });

  it('is refused for a message or a partition that is not there, and for two wishes at once', async () => {
    const elsewhere = (await plane.call(CreateTopic, { body: { name: `elsewhere-${turn}` } })).body;
    await plane.publish(elsewhere, { messageId: 'of-another-topic' });
    expect((await replay({ messageId: 'of-another-topic' })).body.code).toBe('MQ_MESSAGE_NOT_FOUND');
    expect((await replay({ fromOffset: 1, partition: 2 })).body.code).toBe('INVALID_INPUT');
    expect((await replay({ fromOffset: 1, messageId: 'm-1' })).status).toBe(422);
    expect((await replay({})).status).toBe(422);
  });

  it('is in the audit trail', async () => {
    await replay({ fromOffset: 2 });
    const { items } = (await plane.call(ListAudit, { query: { action: 'subscription.replay', resource: `subscription/${id}` } })).body;
    expect(items).toMatchObject([{ actor: 'tester', after: { fromOffset: 2, replayedMessages: 4 } }]);
  });
});
