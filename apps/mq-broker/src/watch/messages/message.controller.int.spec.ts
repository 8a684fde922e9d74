import { CreateSubscription, CreateTopic, GetMessage, ListAttempts, PurgeTopic, type TopicView } from '@angarium/contracts/broker-api';
import type { Sql } from '@angarium/database';
import { stopAfterTests } from '@angarium/testing';
import { startControlPlane, type ControlPlane } from '../../testing/start-control-plane.js';

let sql: Sql;
let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
  sql = plane.sql;
});
afterAll(() => plane.close());
stopAfterTests(); // below, as it stops Postgres

const topicOf = async (name: string, settings: object = {}, as = plane.acme): Promise<TopicView> => (await plane.call(CreateTopic, { as, body: { name, ...settings } })).body;
const subscribe = async (topic: TopicView, group: string, more: object = {}, as = plane.acme) =>
  (await plane.call(CreateSubscription, { as, body: { topicId: topic.id, group, destination: { type: 'pull' }, ...more } })).body.id;
const get = (id: string, query: Record<string, string> = {}, as = plane.acme) => plane.call(GetMessage, { as, params: { id }, query });
const deliver = (topic: TopicView, subscriptionId: string, offset: number, status: string) =>
  sql.execute(
    `INSERT INTO broker.deliveries (subscription_id, topic_id, partition_id, offset_value, published_at, message_id, tenant_id, status, attempts, redrives, last_error)
     VALUES ($1, $2, 0, $3, now(), 'x', $4, $5, 3, 1, 'said 500')`,
    [subscriptionId, topic.id, offset, topic.tenantId, status],
  );
const settle = (subscriptionId: string, offset: number) => sql.execute('UPDATE broker.subscription_cursors SET settled_offset = $2 WHERE subscription_id = $1', [subscriptionId, offset]);
/** @param secondsAgo so many seconds before now. */
const attempt = (subscriptionId: string, messageId: string, retryCount: number, status: string, secondsAgo: number) =>
  sql.execute(
    `INSERT INTO broker.consumption_records (subscription_id, message_id, consumer_instance, partition_id, offset_value, status, processing_time_ms, response_status, response_head,
       retry_count, consumed_at, tenant_id) VALUES ($1, $2, 'broker-1', 0, 1, $3, 12, 500, 'oops', $4, now() - $5 * interval '1 second', $6)`,
    [subscriptionId, messageId, status, retryCount, secondsAgo, plane.acme.tenantId],
  );

describe('a message', () => {
  it('is shown as it was published', async () => {
    const topic = await topicOf('shown');
    await plane.publish(topic, { messageId: 'shown-1', key: 'k', type: 'order.paid', payload: '{"total":1}', payloadSize: 11, headers: '{"region":"eu"}', correlationId: 'c-1' });
    expect((await get('shown-1')).body).toMatchObject({
      ...{ messageId: 'shown-1', topic: 'shown', partition: 0, offset: 1, type: 'order.paid', key: 'k', correlationId: 'c-1', status: 'published' },
      ...{ payload: { total: 1 }, payloadSize: 11, headers: { region: 'eu' }, producer: 'tester', deliveries: [], attempts: [] },
    });
  });

  it('tells what became of it at every subscription, with a row or without', async () => {
    const topic = await topicOf('followed');
    const ids: Record<string, string> = {};
    for (const group of ['waiting', 'in_flight', 'dead', 'discarded', 'settled', 'ahead']) ids[group] = await subscribe(topic, group);
    await plane.publish(topic, { messageId: 'followed-1' });
    for (const status of ['waiting', 'in_flight', 'dead', 'discarded']) {
      await deliver(topic, ids[status]!, 1, status);
      await settle(ids[status]!, 1);
    }
    await settle(ids['settled']!, 1);
    const { body } = await get('followed-1');
    expect(body.status).toBe('dead_letter');
    expect(body.deliveries.map((it) => [it.subscriptionId, it.status])).toEqual([
      [ids['waiting'], 'waiting'],
      [ids['in_flight'], 'in_flight'],
      [ids['dead'], 'dead'],
      [ids['discarded'], 'discarded'],
      [ids['settled'], 'delivered'],
      [ids['ahead'], 'waiting'],
    ]);
    expect(body.deliveries[0]).toMatchObject({ attempts: 3, redrives: 1, lastError: 'said 500', nextAttemptAt: expect.any(String) as string });
    expect(body.deliveries[4]).toMatchObject({ attempts: 0, redrives: 0, lastError: null, nextAttemptAt: null });
  });

  it('has every attempt, youngest first', async () => {
    const topic = await topicOf('tried');
    const id = await subscribe(topic, 'g');
    await plane.publish(topic, { messageId: 'tried-1' });
    await attempt(id, 'tried-1', 0, 'retrying', 20);
    await attempt(id, 'tried-1', 1, 'success', 10);
    await attempt(id, 'another', 0, 'success', 5);
    await settle(id, 1);
    const { body } = await get('tried-1');
    expect(body.attempts).toMatchObject([{ attempt: 2, status: 'success' }, { attempt: 1, status: 'retrying', durationMs: 12, responseStatus: 500, responseHead: 'oops', instance: 'broker-1' }]);
    expect(body.deliveries).toMatchObject([{ status: 'delivered', attempts: 2 }]);
  });

  it('is not said to be delivered to a subscription that began after it', async () => {
    const topic = await topicOf('early');
    await plane.publish(topic, { messageId: 'early-1' });
    await subscribe(topic, 'late');
    const earliest = await subscribe(topic, 'from the beginning', { offsetReset: 'earliest' });
    expect((await get('early-1')).body.deliveries).toMatchObject([{ subscriptionId: earliest, status: 'waiting' }]);
  });

  it('that was purged, or never was, is not found', async () => {
    const topic = await topicOf('emptied');
    await plane.publish(topic, { messageId: 'emptied-1' });
    await plane.call(PurgeTopic, { params: { name: 'emptied' } });
    for (const id of ['emptied-1', 'never']) expect(await get(id)).toMatchObject({ status: 404, body: { code: 'MQ_MESSAGE_NOT_FOUND' } });
  });

  it('whose id several topics have is told apart by the topic', async () => {
    for (const name of ['twin-a', 'twin-b']) await plane.publish(await topicOf(name), { messageId: 'twin' });
    expect((await get('twin', { topic: 'twin-a' })).body.topic).toBe('twin-a');
    expect((await get('twin', { topic: 'twin-b' })).body.topic).toBe('twin-b');
  });

  it('of a public topic is shown to other tenants with their own subscriptions only', async () => {
    const topic = await topicOf('open', { isPublic: true });
    const own = await subscribe(topic, 'own');
    const foreign = await subscribe(topic, 'foreign', {}, plane.globex);
    await plane.publish(topic, { messageId: 'open-1' });
    await deliver(topic, own, 1, 'dead');
    await attempt(own, 'open-1', 0, 'failed', 1);
    const { body } = await get('open-1', {}, plane.globex);
    expect(body).toMatchObject({ status: 'published', producer: null, attempts: [], deliveries: [{ subscriptionId: foreign }] });
    expect((await get('open-1')).body.deliveries).toMatchObject([{ subscriptionId: own, status: 'dead' }]);
    await sql.execute('UPDATE broker.message_topics SET is_public = false WHERE id = $1', [topic.id]);
    expect((await get('open-1', {}, plane.globex)).status).toBe(404);
  });
});

describe('the attempt log of a subscription', () => {
  it('comes in pages, youngest first, filtered by status', async () => {
    const topic = await topicOf('logged');
    const id = await subscribe(topic, 'g');
    for (let n = 0; n < 5; n++) await attempt(id, `logged-${n}`, 0, n === 2 ? 'failed' : 'success', 10 * n);
    const list = async (query: Record<string, string>) => (await plane.call(ListAttempts, { params: { id }, query })).body;
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: Awaited<ReturnType<typeof list>> = await list({ limit: '2', ...(cursor === '' ? {} : { cursor }) });
      seen.push(...page.items.map((it) => it.messageId));
      cursor = page.nextCursor;
    }
    expect(seen).toEqual([0, 1, 2, 3, 4].map((n) => `logged-${n}`));
    expect((await list({ status: 'failed' })).items.map((it) => it.messageId)).toEqual(['logged-2']);
  });
});
