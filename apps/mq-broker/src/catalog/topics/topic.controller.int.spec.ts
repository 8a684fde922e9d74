import { CreateSubscription, CreateTopic, DeleteTopic, GetSubscription, GetTopic, ListTopics, PurgeTopic, UpdateTopic, type TopicView } from '@angarium/contracts/broker-api';
import type { Sql } from '@angarium/database';
import { stopAfterTests, waitFor } from '@angarium/testing';
import { startControlPlane, type ControlPlane } from '../../testing/start-control-plane.js';
import { SYSTEM_TENANT_ID } from './topic-cache.js';

let sql: Sql;
let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
  sql = plane.sql;
});
afterAll(() => plane.close());
stopAfterTests(); // below, as it stops Postgres

const create = async (name: string, settings: object = {}) => (await plane.call(CreateTopic, { body: { name, ...settings } })).body;
const get = async (name: string) => (await plane.call(GetTopic, { params: { name } })).body;
const update = (name: string, version: number, body: object) => plane.call(UpdateTopic, { params: { name }, headers: { 'if-match': `"${version}"` }, body });
const subscribe = async (topic: string, more: object = {}) =>
  (await plane.call(CreateSubscription, { body: { topic, group: 'billing', destination: { type: 'pull' }, ...more } })).body;
const isWaiting = async () => (await sql.query(`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)).length > 0;
async function systemTopic(name: string): Promise<string> {
  const [row] = await sql.query<{ id: string }>('INSERT INTO broker.message_topics (name, tenant_id, is_public) VALUES ($1, $2, true) RETURNING id', [name, SYSTEM_TENANT_ID]);
  await sql.execute('INSERT INTO broker.topic_partitions (topic_id, partition_id) VALUES ($1, 0)', [row!.id]);
  return row!.id;
}

describe('a topic', () => {
  it('is created with defaults, and shown with its partitions and ETag', async () => {
    const created = await plane.call(CreateTopic, { body: { name: 'orders', partitionCount: 2 } });
    expect(created).toMatchObject({ status: 201, body: { name: 'orders', status: 'active', retentionMs: 604_800_000, version: 1, subscriptionCount: 0 } });
    expect(created.body.partitions).toEqual([0, 1].map((partition) => ({ partition, firstOffset: 1, nextOffset: 1 })));
    expect(created.headers.get('etag')).toBe('"1"');
    expect((await get('orders')).id).toBe(created.body.id);
    expect(plane.changes).toContainEqual({ kind: 'topic', id: created.body.id });
  });

  it('has a name of its own within its tenant, and other tenants have theirs', async () => {
    await create('taken');
    expect(await plane.call(CreateTopic, { body: { name: 'taken' } })).toMatchObject({ status: 409, body: { code: 'MQ_QUEUE_EXISTS' } });
    expect((await plane.call(CreateTopic, { as: plane.globex, body: { name: 'taken' } })).status).toBe(201);
  });

  it('is not created with a schema that is none', async () => {
    expect(await plane.call(CreateTopic, { body: { name: 'bad', schemaDefinition: { type: 'soup' } } })).toMatchObject({ status: 422, body: { code: 'MQ_SCHEMA_INVALID' } });
    expect((await get('bad')).code).toBe('MQ_QUEUE_NOT_FOUND');
  });

  it('is replaced as a whole, once for each version', async () => {
    await create('replaced', { displayName: 'Replaced', description: 'to go', retentionMs: 60_000 });
    expect(await plane.call(UpdateTopic, { params: { name: 'replaced' }, body: {} })).toMatchObject({ status: 428, body: { code: 'MQ_VERSION_REQUIRED' } });
    const changed = await update('replaced', 1, { displayName: 'New', schemaDefinition: { type: 'object' }, allowedProducers: ['shop'] });
    expect(changed).toMatchObject({ status: 200, body: { displayName: 'New', description: null, retentionMs: 604_800_000, version: 2, allowedProducers: ['shop'] } });
    expect(changed.headers.get('etag')).toBe('"2"');
    expect(await update('replaced', 1, {})).toMatchObject({ status: 412, body: { code: 'MQ_VERSION_CONFLICT', details: { version: 2 } } });
    expect((await get('replaced')).displayName).toBe('New');
  });

  it('is of no new version when what replaces it is the same', async () => {
    const settings = { description: 'stays', schemaDefinition: { type: 'object', required: ['a'] }, allowedProducers: ['shop'], maxQueueLength: 5 };
    await create('same', settings);
    const again = await update('same', 1, settings);
    expect([again.status, again.body.version, again.headers.get('etag')]).toEqual([200, 1, '"1"']);
    expect((await update('same', 1, { ...settings, allowedProducers: ['web'] })).body.version).toBe(2);
    expect((await update('same', 2, { ...settings, allowedProducers: ['web'], schemaDefinition: null })).body).toMatchObject({ version: 3, schemaDefinition: null });
  });

  it('is changed by one of two who change it at once', async () => {
    await create('raced');
    const answers = await Promise.all([update('raced', 1, { description: 'a' }), update('raced', 1, { description: 'b' }), update('raced', 1, { description: 'c' })]);
    expect(answers.map((it) => it.status).sort()).toEqual([200, 412, 412]);
  });

  it('grows, and its subscriptions get all that the new partitions will have', async () => {
    await create('grown', { partitionCount: 2 });
    const [plain, ordered] = [await subscribe('grown'), await subscribe('grown', { group: 'strict', isOrdered: true })];
    expect(await update('grown', 1, { partitionCount: 1 })).toMatchObject({ status: 422, body: { code: 'MQ_PARTITIONS_CANNOT_SHRINK' } });
    expect((await update('grown', 1, { partitionCount: 4 })).body.partitions).toHaveLength(4);
    for (const { id } of [plain, ordered]) {
      const { cursors } = (await plane.call(GetSubscription, { params: { id } })).body;
      expect(cursors.map(({ partition, settledOffset }) => [partition, settledOffset])).toEqual([0, 1, 2, 3].map((partition) => [partition, 0]));
    }
    const feeds = await sql.query('SELECT subscription_id, partition_id, next_offset, until_offset FROM broker.delivery_feeds WHERE subscription_id = ANY($1) ORDER BY partition_id', [[plain.id, ordered.id]]);
    expect(feeds).toEqual([0, 1, 2, 3].map((partition_id) => ({ subscription_id: ordered.id, partition_id, next_offset: '1', until_offset: null })));
  });

  it('with subscriptions is deleted only by force, and says what went with it', async () => {
    const topic = await create('doomed');
    const { id } = await subscribe('doomed');
    await plane.publish(topic, {}, {}, {});
    await sql.execute(
      `INSERT INTO broker.deliveries (subscription_id, topic_id, partition_id, offset_value, published_at, message_id, tenant_id, status) VALUES ($1, $2, 0, 1, now(), 'm', $3, 'dead')`,
      [id, topic.id, topic.tenantId],
    );
    const remove = (query = {}) => plane.call(DeleteTopic, { params: { name: 'doomed' }, query });
    expect(await remove()).toMatchObject({ status: 409, body: { code: 'MQ_QUEUE_HAS_SUBSCRIPTIONS', message: expect.stringContaining('has a subscription. Delete it first') as string, details: { subscriptionCount: 1 } } });
    expect((await remove({ force: 'true' })).body).toEqual({ deletedMessages: 3, deletedSubscriptions: 1 });
    expect((await get('doomed')).code).toBe('MQ_QUEUE_NOT_FOUND');
    expect((await plane.call(GetSubscription, { params: { id } })).status).toBe(404);
    expect(await sql.query('SELECT 1 FROM broker.deliveries WHERE subscription_id = $1', [id])).toEqual([]);
  });

  it('is purged of what it holds and of what is owed, and goes on with what follows', async () => {
    const topic = await create('purged', { partitionCount: 2 });
    const [plain, ordered] = [await subscribe('purged'), await subscribe('purged', { group: 'strict', isOrdered: true })];
    await plane.publish(topic, {}, {}, { partition: 1 });
    for (const [offset, status] of [[1, 'dead'], [2, 'waiting'], [3, 'delivered']] as const) {
      await sql.execute(
        `INSERT INTO broker.deliveries (subscription_id, topic_id, partition_id, offset_value, published_at, message_id, tenant_id, status) VALUES ($1, $2, 0, $3, now(), 'm', $4, $5)`,
        [plain.id, topic.id, offset, topic.tenantId, status],
      );
    }
    await sql.execute(`INSERT INTO broker.delivery_feeds (subscription_id, partition_id, kind, next_offset, until_offset) VALUES ($1, 0, 'replay', 1, 2)`, [plain.id]);
    expect((await plane.call(PurgeTopic, { params: { name: 'purged' } })).body).toEqual({ purgedMessages: 3 });
    expect((await get('purged')).partitions).toEqual([{ partition: 0, firstOffset: 3, nextOffset: 3 }, { partition: 1, firstOffset: 2, nextOffset: 2 }]);
    for (const { id } of [plain, ordered]) {
      const { body } = await plane.call(GetSubscription, { params: { id } });
      expect(body).toMatchObject({ cursors: [{ settledOffset: 2, lag: 0 }, { settledOffset: 1, lag: 0 }], waitingCount: 0, deadCount: 0 });
    }
    expect(await sql.query('SELECT status FROM broker.deliveries WHERE subscription_id = $1', [plain.id])).toEqual([{ status: 'delivered' }]);
    const feeds = await sql.query('SELECT kind, next_offset FROM broker.delivery_feeds WHERE subscription_id = ANY($1) ORDER BY partition_id', [[plain.id, ordered.id]]);
    expect(feeds).toEqual([{ kind: 'order', next_offset: '3' }, { kind: 'order', next_offset: '2' }]);
    expect(await plane.publish(topic, {})).toEqual([3]);
    expect((await plane.call(PurgeTopic, { params: { name: 'purged' } })).body).toEqual({ purgedMessages: 1 });
  });

  it('is purged and deleted while a replica turns feeds of it into deliveries, and nothing of these is left', async () => {
    const topic = await create('contended');
    const { id } = await subscribe('contended', { isOrdered: true });
    const feedWhile = (call: () => Promise<{ status: number }>) =>
      sql.transaction(async (tx) => {
        await tx.query('SELECT 1 FROM broker.delivery_feeds WHERE subscription_id = $1 FOR UPDATE', [id]);
        const calling = call();
        await waitFor(() => isWaiting(), { what: 'the call to wait for the feed' });
        await tx.execute(
          `INSERT INTO broker.deliveries (subscription_id, topic_id, partition_id, offset_value, published_at, message_id, tenant_id) VALUES ($1, $2, 0, 1, now(), 'm', $3)`,
          [id, topic.id, topic.tenantId],
        );
        await tx.execute('UPDATE broker.subscription_cursors SET settled_offset = 1 WHERE subscription_id = $1', [id]);
        return { calling };
      });
    for (const contract of [PurgeTopic, DeleteTopic]) {
      const { calling } = await feedWhile(() => plane.call(contract, { params: { name: 'contended' }, ...(contract === DeleteTopic ? { query: { force: 'true' } } : {}) }));
      expect((await calling).status).toBe(200);
      expect(await sql.query('SELECT 1 FROM broker.deliveries WHERE subscription_id = $1', [id])).toEqual([]);
    }
  });

  it('of the system is seen by everybody and changed by nobody', async () => {
    await systemTopic('user.created');
    for (const as of [plane.acme, plane.system]) {
      const name = 'user.created';
      expect((await plane.call(GetTopic, { as, params: { name } })).body.name).toBe(name);
      const refused = [
        await plane.call(UpdateTopic, { as, params: { name }, headers: { 'if-match': '"1"' }, body: {} }),
        await plane.call(DeleteTopic, { as, params: { name }, query: { force: 'true' } }),
        await plane.call(PurgeTopic, { as, params: { name } }),
      ];
      expect(refused.map((it) => it.body.code)).toEqual(['MQ_SYSTEM_TOPIC', 'MQ_SYSTEM_TOPIC', 'MQ_SYSTEM_TOPIC']);
    }
    // nor hidden behind one of the same name
    expect(await plane.call(CreateTopic, { body: { name: 'user.created' } })).toMatchObject({ status: 403, body: { code: 'MQ_SYSTEM_TOPIC' } });
  });

  it('that is no longer public stops the subscriptions of other tenants, and only theirs', async () => {
    const topic = await create('opened', { isPublic: true, allowedConsumers: ['tester'] });
    const own = await subscribe('opened');
    const body = { topicId: topic.id, group: 'guests', destination: { type: 'pull' } };
    const foreign = (await plane.call(CreateSubscription, { as: plane.globex, body })).body;
    await update('opened', 1, { isPublic: false });
    expect((await plane.call(GetSubscription, { params: { id: own.id } })).body.status).toBe('active');
    expect((await plane.call(GetSubscription, { as: plane.globex, params: { id: foreign.id } })).body).toMatchObject({ status: 'stopped', disabledReason: 'the topic is no longer public' });
    expect(plane.changes).toContainEqual({ kind: 'subscription', id: foreign.id });
  });
});

describe('the list of topics', () => {
  const list = async (query: Record<string, string>, as = plane.acme) => (await plane.call(ListTopics, { as, query })).body;
  const namesOf = (body: { items: TopicView[] }) => body.items.map((it) => it.name);

  it('comes in pages, each topic once, filtered by prefix and status', async () => {
    for (const name of ['list-c', 'list-a', 'list-e', 'list-b', 'list-d']) await create(name, name === 'list-d' ? { status: 'paused' } : {});
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: Awaited<ReturnType<typeof list>> = await list({ prefix: 'list-', limit: '2', ...(cursor === '' ? {} : { cursor }) });
      seen.push(...namesOf(page));
      cursor = page.nextCursor;
    }
    expect(seen).toEqual(['list-a', 'list-b', 'list-c', 'list-d', 'list-e']);
    expect(namesOf(await list({ prefix: 'list-', status: 'paused' }))).toEqual(['list-d']);
  });

  it('takes a prefix as it is written', async () => {
    await create('wild_card');
    await create('wildXcard');
    expect(namesOf(await list({ prefix: 'wild_' }))).toEqual(['wild_card']);
    expect(namesOf(await list({ prefix: '%' }))).toEqual([]);
  });

  it('refuses a cursor that is none', async () => {
    expect(await plane.call(ListTopics, { query: { cursor: 'soup' } })).toMatchObject({ status: 422, body: { code: 'INVALID_INPUT' } });
  });

  it('shows public topics of others when asked for, without the names of their keys', async () => {
    await create('shared', { isPublic: true, allowedProducers: ['secret-key-name'], allowedConsumers: ['another'] });
    await create('hidden');
    expect(namesOf(await list({}, plane.globex))).not.toContain('shared');
    const open = await list({ public: 'true' }, plane.globex);
    expect(namesOf(open)).toContain('shared');
    expect(namesOf(open)).not.toContain('hidden');
    expect(open.items.find((it) => it.name === 'shared')).toMatchObject({ allowedProducers: [], allowedConsumers: [] });
  });
});
