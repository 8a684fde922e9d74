import {
  CreateSubscription,
  CreateTopic,
  DeleteSubscription,
  GetSubscription,
  ListSubscriptions,
  PauseSubscription,
  ResumeSubscription,
  RotateSecret,
  UpdateSubscription,
  type TopicView,
} from '@angarium/contracts/broker-api';
import { ListAudit } from '@angarium/contracts/broker-api';
import type { Sql } from '@angarium/database';
import { stopAfterTests } from '@angarium/testing';
import { startControlPlane, type ControlPlane } from '../../testing/start-control-plane.js';
import { SYSTEM_TENANT_ID } from '../topics/topic-cache.js';
import { sealContext } from './webhook-secret.repository.js';

let sql: Sql;
let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
  sql = plane.sql;
});
afterAll(() => plane.close());
stopAfterTests(); // below, as it stops Postgres

const topicOf = async (name: string, settings: object = {}, as = plane.acme) => (await plane.call(CreateTopic, { as, body: { name, ...settings } })).body;
const subscribe = (topic: string, more: object = {}, as = plane.acme) => plane.call(CreateSubscription, { as, body: { topic, group: 'billing', destination: { type: 'pull' }, ...more } });
const get = async (id: string) => (await plane.call(GetSubscription, { params: { id } })).body;
const update = (id: string, version: number, body: object) => plane.call(UpdateSubscription, { params: { id }, headers: { 'if-match': `"${version}"` }, body });
const webhook = { type: 'webhook', url: 'https://hooks.example.com/in?token=hush', headers: { 'x-token': 'hush' } };
const deliver = (topic: TopicView, subscriptionId: string, offset: number, status: string, more: { diedAt?: string } = {}) =>
  sql.execute(
    `INSERT INTO broker.deliveries (subscription_id, topic_id, partition_id, offset_value, published_at, message_id, tenant_id, status, attempts, died_at)
     VALUES ($1, $2, 0, $3, now(), $4, $5, $6, 5, $7)`,
    [subscriptionId, topic.id, offset, `m-${offset}`, topic.tenantId, status, more.diedAt ?? null],
  );
const secretsOf = (id: string) =>
  sql.query<{ scheme: string; sealed: string; expires_at: Date | null }>('SELECT scheme, sealed, expires_at FROM broker.webhook_secrets WHERE subscription_id = $1 ORDER BY created_at', [id]);

describe('a subscription', () => {
  it('is created with defaults and shown with its lag and ETag', async () => {
    const topic = await topicOf('orders');
    const created = await subscribe('orders', { filter: { 'payload.total': { $gte: 10 } } });
    expect(created).toMatchObject({ status: 201, body: { topic: 'orders', topicId: topic.id, name: 'default', status: 'active', secret: null, publicKey: null, version: 1 } });
    expect(created.body.retry).toEqual({ kind: 'exponential', firstMs: 1_000, factor: 2, maxMs: 300_000, jitterPercent: 20 });
    expect(created.headers.get('etag')).toBe('"1"');
    await plane.publish(topic, {}, {});
    expect(await get(created.body.id)).toMatchObject({ cursors: [{ partition: 0, settledOffset: 0, lag: 2 }], waitingCount: 0, deadCount: 0, filter: { 'payload.total': { $gte: 10 } } });
    expect(plane.changes).toContainEqual({ kind: 'subscription', id: created.body.id });
  });

  it('is one of its name in its group; other groups, names and tenants have theirs', async () => {
    const topic = await topicOf('groups', { isPublic: true });
    expect((await subscribe('groups')).status).toBe(201);
    expect(await subscribe('groups')).toMatchObject({ status: 409, body: { code: 'MQ_SUBSCRIPTION_EXISTS' } });
    expect((await subscribe('groups', { name: 'second' })).status).toBe(201);
    expect((await subscribe('groups', { group: 'shipping' })).status).toBe(201);
    const foreign = { as: plane.globex, body: { topicId: topic.id, group: 'billing', destination: { type: 'pull' } } };
    expect((await plane.call(CreateSubscription, foreign)).status).toBe(201);
  });

  describe('begins', () => {
    let topic: TopicView;
    const begin = async (group: string, offsetReset: unknown, more: object = {}) => {
      const { body } = await subscribe('history', { group, offsetReset, ...more });
      return body.cursors.map((it) => it.settledOffset);
    };
    beforeAll(async () => {
      topic = await topicOf('history', { partitionCount: 2 });
      await plane.publish(topic, {}, {}, {}, {}, { partition: 1 }, { partition: 1 });
      // the first two of partition 0 and the first of partition 1 are an hour old
      await sql.execute(
        `UPDATE broker.message_records SET published_at = greatest(published_at - interval '1 hour', current_date - 1) WHERE topic_id = $1 AND offset_value <= CASE partition_id WHEN 0 THEN 2 ELSE 1 END`,
        [topic.id],
      );
      await sql.execute('UPDATE broker.topic_partitions SET first_offset = 2 WHERE topic_id = $1 AND partition_id = 0', [topic.id]);
    });

    it('at the end, where nothing else is said', async () => expect(await begin('latest', undefined)).toEqual([4, 2]));
    it('at the first message that the topic still holds', async () => expect(await begin('earliest', 'earliest')).toEqual([1, 0]));
    it('at an offset of one partition, and at the end of the others', async () => {
      expect(await begin('offset', { offset: 3 })).toEqual([2, 2]);
      expect(await begin('offset-1', { offset: 2, partition: 1 })).toEqual([4, 1]);
    });
    it('inside the log also when the offset lies outside', async () => {
      expect(await begin('before', { offset: 1 })).toEqual([1, 2]);
      expect(await begin('beyond', { offset: 900 })).toEqual([4, 2]);
    });
    it('at the first message of a time', async () => {
      const ago = (minutes: number) => ({ time: new Date(Date.now() - minutes * 60_000).toISOString() });
      expect(await begin('minutes', ago(30))).toEqual([2, 1]);
      expect(await begin('days', ago(3 * 24 * 60))).toEqual([1, 0]);
      expect(await begin('future', ago(-60))).toEqual([4, 2]);
    });
    it('nowhere else: a partition that is not there is refused, and nothing is made', async () => {
      expect(await subscribe('history', { group: 'nowhere', offsetReset: { offset: 1, partition: 2 } })).toMatchObject({ status: 422, body: { code: 'INVALID_INPUT' } });
      expect(await sql.query(`SELECT 1 FROM broker.message_subscriptions WHERE consumer_group = 'nowhere'`)).toEqual([]);
    });
    it('with a feed that follows the log for ever, when it is ordered', async () => {
      const { body } = await subscribe('history', { group: 'ordered', offsetReset: { offset: 3 }, isOrdered: true });
      const feeds = await sql.query('SELECT partition_id, kind, next_offset, until_offset FROM broker.delivery_feeds WHERE subscription_id = $1 ORDER BY partition_id', [body.id]);
      expect(feeds).toEqual([[0, '3'], [1, '3']].map(([partition_id, next_offset]) => ({ partition_id, kind: 'order', next_offset, until_offset: null })));
    });
  });

  it('is refused where its topic is missing, archived, private to others, or not for this key', async () => {
    await topicOf('archived', { status: 'archived' });
    await topicOf('restricted', { allowedConsumers: ['billing'] });
    const foreign = await topicOf('foreign', {}, plane.globex);
    expect((await subscribe('missing')).body.code).toBe('MQ_QUEUE_NOT_FOUND');
    expect((await subscribe('foreign')).body.code).toBe('MQ_QUEUE_NOT_FOUND');
    expect((await plane.call(CreateSubscription, { body: { topicId: foreign.id, group: 'g', destination: { type: 'pull' } } })).body.code).toBe('MQ_QUEUE_NOT_FOUND');
    expect((await subscribe('archived')).body.code).toBe('MQ_TOPIC_ARCHIVED');
    expect(await subscribe('restricted')).toMatchObject({ status: 403, body: { code: 'MQ_CONSUMER_NOT_ALLOWED' } });
    expect((await subscribe('restricted', {}, plane.acmeBilling)).status).toBe(201);
  });

  it('may be to a public topic of the system, by its name', async () => {
    const insert = 'INSERT INTO broker.message_topics (name, tenant_id, is_public) VALUES ($2, $1, $3) RETURNING id';
    const [row] = await sql.query<{ id: string }>(insert, [SYSTEM_TENANT_ID, 'user.created', true]);
    const [internal] = await sql.query<{ id: string }>(insert, [SYSTEM_TENANT_ID, 'user-notifications', false]);
    expect((await subscribe('user-notifications')).body.code).toBe('MQ_QUEUE_NOT_FOUND');
    expect((await plane.call(CreateSubscription, { body: { topicId: internal!.id, group: 'g', destination: { type: 'pull' } } })).body.code).toBe('MQ_QUEUE_NOT_FOUND');
    await sql.execute('INSERT INTO broker.topic_partitions (topic_id, partition_id) VALUES ($1, 0)', [row!.id]);
    expect((await subscribe('user.created')).body).toMatchObject({ topicId: row!.id, cursors: [{ partition: 0, settledOffset: 0 }] });
  });

  it('is refused with a filter that means nothing, naming the place', async () => {
    await topicOf('filtered');
    const { body } = await subscribe('filtered', { filter: { 'payload.total': { $gt: 1, $near: 5 } } });
    expect(body).toMatchObject({ code: 'MQ_FILTER_INVALID', details: { faults: [{ path: expect.stringContaining('$near') as string }] } });
  });

  it('gives up to a topic of its own tenant that is not its own topic', async () => {
    await topicOf('source');
    await topicOf('rest');
    await topicOf('globex-only', {}, plane.globex);
    const withTopic = async (deadLetterTopic: string) => (await subscribe('source', { deadLetterTopic })).body;
    expect((await withTopic('missing')).code).toBe('MQ_QUEUE_NOT_FOUND');
    expect((await withTopic('globex-only')).code).toBe('MQ_QUEUE_NOT_FOUND');
    expect((await withTopic('user.created')).code).toBe('MQ_QUEUE_NOT_FOUND');
    expect((await withTopic('source')).code).toBe('INVALID_INPUT');
    expect((await withTopic('rest')).deadLetterTopic).toBe('rest');
  });

  it('puts jobs into queues of its own tenant only', async () => {
    const topic = await topicOf('jobs', { isPublic: true });
    const queue = async (group: string, name: string, as = plane.acme) =>
      (await plane.call(CreateSubscription, { as, body: { topicId: topic.id, group, destination: { type: 'queue', queue: name } } })).body;
    const own = await queue('a', 'email');
    expect(own.destination).toEqual({ type: 'queue', queue: 'mq-acme-email', jobName: 'message' });
    expect((await update(own.id, 1, { destination: own.destination })).body.destination).toEqual(own.destination);
    expect((await queue('b', 'x'.repeat(95))).code).toBe('INVALID_INPUT');
    expect((await queue('c', 'email', plane.system)).destination).toMatchObject({ queue: 'email' });
    expect((await queue('d', 'e-mail', plane.system)).code).toBe('INVALID_INPUT');
    // what the names of two tenants make alike belongs to the first
    expect((await queue('e', 'labs-x')).destination).toMatchObject({ queue: 'mq-acme-labs-x' });
    expect((await queue('f', 'x', plane.acmeLabs)).code).toBe('INVALID_INPUT');
    expect((await queue('g', 'y', plane.acmeLabs)).destination).toMatchObject({ queue: 'mq-acme-labs-y' });
  });

  it('is replaced as a whole, once for each version; its order stays', async () => {
    await topicOf('updated');
    const { id } = (await subscribe('updated', { maxAttempts: 3, filter: { type: 'a' } })).body;
    expect((await plane.call(UpdateSubscription, { params: { id }, body: { destination: { type: 'pull' } } })).status).toBe(428);
    expect((await update(id, 1, { destination: { type: 'pull' }, batchSize: 7 })).body).toMatchObject({ version: 2, maxAttempts: 10, filter: null, batchSize: 7 });
    expect((await update(id, 1, { destination: { type: 'pull' } })).status).toBe(412);
    expect((await update(id, 2, { destination: { type: 'pull' }, isOrdered: true })).body.code).toBe('MQ_ORDER_FIXED');
    expect((await get(id)).version).toBe(2);
  });

  it('is of no new version when what replaces it is the same', async () => {
    await topicOf('unchanged');
    const settings = { destination: { type: 'pull' }, filter: { type: 'a', 'payload.total': { $gte: 10 } }, maxAttempts: 3 };
    const { id } = (await subscribe('unchanged', settings)).body;
    expect(await update(id, 1, settings)).toMatchObject({ status: 200, body: { version: 1 } });
    expect((await update(id, 1, { ...settings, filter: null })).body).toMatchObject({ version: 2, filter: null });
    expect((await update(id, 2, { ...settings, filter: null })).body.version).toBe(2);
  });

  it('is paused and resumed, again and again', async () => {
    await topicOf('paused');
    const { id } = (await subscribe('paused')).body;
    const pause = async () => (await plane.call(PauseSubscription, { params: { id } })).body.status;
    expect([await pause(), await pause()]).toEqual(['paused', 'paused']);
    const resume = async () => (await plane.call(ResumeSubscription, { params: { id }, body: {} })).body.status;
    expect([await resume(), await resume()]).toEqual(['active', 'active']);
    // paused once, resumed once: what changed nothing is no new version
    expect((await plane.call(GetSubscription, { params: { id } })).body.version).toBe(3);
  });

  it('that the broker disabled goes on as new when it is resumed, with what died meanwhile', async () => {
    const topic = await topicOf('disabled');
    const { id } = (await subscribe('disabled')).body;
    await plane.publish(topic, {}, {}, {});
    const diedAt = (minutes: number) => ({ diedAt: new Date(Date.now() - minutes * 60_000).toISOString() });
    await deliver(topic, id, 1, 'dead', diedAt(120));
    await deliver(topic, id, 2, 'dead', diedAt(20));
    await deliver(topic, id, 3, 'dead', diedAt(10));
    await sql.execute(
      `UPDATE broker.message_subscriptions SET status = 'disabled', disabled_reason = 'it said 410', disabled_at = now(), breaker_state = 'open', breaker_until = now(), breaker_trips = 4,
         failing_since = now() WHERE id = $1`,
      [id],
    );
    expect((await plane.call(PauseSubscription, { params: { id } })).body).toMatchObject({ status: 'disabled', disabledReason: 'it said 410' });
    const { body } = await plane.call(ResumeSubscription, { params: { id }, body: { recoverSince: diedAt(60).diedAt } });
    expect(body).toMatchObject({ status: 'active', disabledReason: null, breaker: 'closed', waitingCount: 2, deadCount: 1 });
    expect(await sql.query('SELECT breaker_trips, breaker_until, failing_since, disabled_at FROM broker.message_subscriptions WHERE id = $1', [id])).toEqual([
      { breaker_trips: 0, breaker_until: null, failing_since: null, disabled_at: null },
    ]);
    expect(await sql.query('SELECT offset_value, attempts, redrives FROM broker.deliveries WHERE status = $2 AND subscription_id = $1 ORDER BY next_attempt_at', [id, 'waiting'])).toEqual([
      { offset_value: '2', attempts: 0, redrives: 1 },
      { offset_value: '3', attempts: 0, redrives: 1 },
    ]);
  });

  it('to a topic that is public no more is not resumed', async () => {
    const topic = await topicOf('closing', { isPublic: true });
    const { id } = (await plane.call(CreateSubscription, { as: plane.globex, body: { topicId: topic.id, group: 'g', destination: { type: 'pull' } } })).body;
    await sql.execute('UPDATE broker.message_topics SET is_public = false WHERE id = $1', [topic.id]);
    expect((await plane.call(ResumeSubscription, { as: plane.globex, params: { id }, body: {} })).body.code).toBe('MQ_CONSUMER_NOT_ALLOWED');
  });

  it('says when it is deleted what it still owed', async () => {
    const topic = await topicOf('left');
    const { id } = (await subscribe('left')).body;
    await plane.publish(topic, {}, {}, {}, {});
    await sql.execute('UPDATE broker.subscription_cursors SET settled_offset = 3 WHERE subscription_id = $1', [id]);
    await deliver(topic, id, 1, 'waiting');
    await deliver(topic, id, 2, 'in_flight');
    await deliver(topic, id, 3, 'dead');
    expect((await plane.call(DeleteSubscription, { params: { id } })).body).toEqual({ abandonedMessages: 3 });
    expect((await plane.call(GetSubscription, { params: { id } })).body.code).toBe('MQ_SUBSCRIPTION_NOT_FOUND');
    expect(await sql.query('SELECT 1 FROM broker.deliveries WHERE subscription_id = $1', [id])).toEqual([]);
  });
});

describe('a webhook subscription', () => {
  it('shows its secret once and stores it sealed', async () => {
    await topicOf('hooked');
    const { body } = await subscribe('hooked', { destination: webhook });
    expect(body.secret).toMatch(/^whsec_/);
    expect(body.retry).toMatchObject({ kind: 'list', delaysMs: expect.arrayContaining([5_000, 86_400_000]) as number[] });
    const [stored] = await secretsOf(body.id);
    expect(stored!.sealed).not.toContain(body.secret!.slice(6));
    expect(plane.sealer.open(stored!.sealed, sealContext(body.id))).toBe(body.secret);
    expect(JSON.stringify(await get(body.id))).not.toContain('whsec_');
  });

  it('signs by Ed25519 when asked, and shows the public key', async () => {
    await topicOf('signed');
    const { body } = await subscribe('signed', { destination: { ...webhook, signature: 'v1a' } });
    expect(body).toMatchObject({ secret: null, publicKey: expect.stringMatching(/^whpk_/) as string });
  });

  it('is refused when its URL leads inside', async () => {
    await topicOf('inside');
    for (const url of ['http://hooks.example.com/', 'https://127.0.0.1/', 'https://[::1]/', 'https://metadata.internal/']) {
      expect(await subscribe('inside', { destination: { type: 'webhook', url } })).toMatchObject({ status: 422, body: { code: 'EGRESS_TARGET_REFUSED' } });
    }
    const { body } = await subscribe('inside', { destination: { type: 'webhook', url: 'https://receiver.test:8443/' } });
    expect((await update(body.id, 1, { destination: { type: 'webhook', url: 'https://10.0.0.1/' } })).body.code).toBe('EGRESS_TARGET_REFUSED');
  });

  it('rotates its secret with an overlap in which both sign', async () => {
    await topicOf('rotated');
    const { id, secret } = (await subscribe('rotated', { destination: webhook })).body;
    const rotate = async (body: object = {}) => (await plane.call(RotateSecret, { params: { id }, body })).body;
    const second = await rotate({ overlapMs: 3_600_000 });
    expect(second.secret).toMatch(/^whsec_/);
    expect(second.secret).not.toBe(secret);
    const inMs = Date.parse(second.oldExpiresAt!) - Date.now();
    expect(inMs).toBeGreaterThan(3_500_000);
    expect(inMs).toBeLessThanOrEqual(3_600_000);
    expect((await secretsOf(id)).map((it) => it.expires_at === null)).toEqual([false, true]);
    // a longer overlap does not lengthen that of the first one
    await rotate({ overlapMs: 7_200_000, signature: 'v1a' });
    expect((await get(id)).destination).toMatchObject({ signature: 'v1a' });
    const [first] = await secretsOf(id);
    expect(first!.expires_at!.toISOString()).toBe(second.oldExpiresAt);
    expect((await rotate({ overlapMs: 0 })).oldExpiresAt).toBeNull();
    expect((await secretsOf(id)).map((it) => [it.scheme, it.expires_at])).toEqual([['v1a', null]]);
  });

  it('keeps at most five secrets, however often it rotates', async () => {
    await topicOf('spun');
    const { id } = (await subscribe('spun', { destination: webhook })).body;
    let last: string | null = '';
    for (let turn = 0; turn < 8; turn++) last = (await plane.call(RotateSecret, { params: { id }, body: {} })).body.secret;
    const stored = await secretsOf(id);
    expect(stored).toHaveLength(5);
    expect(stored.filter((it) => it.expires_at === null).map((it) => plane.sealer.open(it.sealed, sealContext(id)))).toEqual([last]);
  });

  it('is what a subscription becomes by PUT, with a secret of the scheme that it needs', async () => {
    await topicOf('turned');
    const { id } = (await subscribe('turned')).body;
    expect((await plane.call(RotateSecret, { params: { id }, body: {} })).body.code).toBe('MQ_NOT_A_WEBHOOK');
    await update(id, 1, { destination: webhook });
    await update(id, 2, { destination: webhook, maxAttempts: 2 });
    expect((await secretsOf(id)).map((it) => it.scheme)).toEqual(['v1']);
    await update(id, 3, { destination: { ...webhook, signature: 'v1a' } });
    expect((await secretsOf(id)).map((it) => [it.scheme, it.expires_at === null])).toEqual([['v1', false], ['v1a', true]]);
  });

  it('leaves no secret in the audit trail', async () => {
    await topicOf('silent');
    const { id, secret } = (await subscribe('silent', { destination: webhook })).body;
    await update(id, 1, { destination: webhook, maxAttempts: 2 });
    await plane.call(RotateSecret, { params: { id }, body: {} });
    await plane.call(DeleteSubscription, { params: { id } });
    const { items } = (await plane.call(ListAudit, { query: { resource: `subscription/${id}` } })).body;
    expect(items.map((it) => it.action)).toEqual(['subscription.delete', 'subscription.rotate-secret', 'subscription.update', 'subscription.create']);
    const trail = JSON.stringify(items);
    expect(trail).toContain('https://hooks.example.com/in?(hidden)');
    for (const hidden of ['hush', secret!, 'whsec_']) expect(trail).not.toContain(hidden);
  });
});

describe('the list of subscriptions', () => {
  const list = async (query: Record<string, string>) => (await plane.call(ListSubscriptions, { query })).body;

  it('comes in pages, each subscription once, filtered by topic, group, destination and status', async () => {
    await topicOf('listed');
    const ids: string[] = [];
    for (const group of ['list-a', 'list-b', 'list%c', 'other']) ids.push((await subscribe('listed', { group })).body.id);
    ids.push((await subscribe('listed', { group: 'list-hook', destination: webhook })).body.id);
    await plane.call(PauseSubscription, { params: { id: ids[1]! } });
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: Awaited<ReturnType<typeof list>> = await list({ topic: 'listed', limit: '2', ...(cursor === '' ? {} : { cursor }) });
      seen.push(...page.items.map((it) => it.id));
      cursor = page.nextCursor;
    }
    expect(seen).toEqual(ids);
    const groupsOf = async (query: Record<string, string>) => (await list({ topic: 'listed', ...query })).items.map((it) => it.group);
    expect(await groupsOf({ prefix: 'list-' })).toEqual(['list-a', 'list-b', 'list-hook']);
    expect(await groupsOf({ prefix: 'list%' })).toEqual(['list%c']);
    expect(await groupsOf({ status: 'paused' })).toEqual(['list-b']);
    expect(await groupsOf({ destination: 'webhook' })).toEqual(['list-hook']);
  });
});
