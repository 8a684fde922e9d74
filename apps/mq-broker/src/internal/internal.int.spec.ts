import { SendEmail } from '@angarium/contracts';
import * as routes from '@angarium/contracts/broker-api';
import type { Published, PublishInput } from '@angarium/contracts/broker-api';
import { openSql, type Sql } from '@angarium/database';
import { silentLogger } from '@angarium/observability';
import { queuePrefix, QueuesModule } from '@angarium/queues';
import { routesOf } from '@angarium/service-shell';
import { createTestDatabase, startPostgres, startRedis, stopAfterTests, waitFor, type RunningServer, type TestDatabase } from '@angarium/testing';
import { Global, Module } from '@nestjs/common';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { CatalogSignals } from '../catalog/catalog-signals.js';
import { SYSTEM_TENANT_ID } from '../catalog/topics/topic-cache.js';
import { MqErrors } from '../errors.js';
import { commitMessages } from '../flow/commit/commit.repository.js';
import { makeCatalog } from '../watch/testing/make-catalog.js';
import { serveParts, type Served } from '../watch/testing/serve-parts.js';
import { InternalPublishController } from './internal-publish.controller.js';
import { InternalWatchController } from './internal-watch.controller.js';
import { InternalModule } from './internal.module.js';
import type { PublishesMessages } from './publishes-messages.js';

stopAfterTests();
let postgres: Awaited<ReturnType<typeof startPostgres>>;
let redis: RunningServer;
let database: TestDatabase;
let sql: Sql;
let served: Served;
let emails: Queue;
let admin: Redis;

/** Commits for real, without the stages around it. */
class Committing implements PublishesMessages {
  async publishAs(tenantId: string, topicName: string, input: Omit<PublishInput, 'topic'>, producer?: string): Promise<Published> {
    const [topic] = await sql.query<{ id: string; dedup_window_ms: string }>('SELECT id, dedup_window_ms FROM broker.message_topics WHERE tenant_id = $1 AND name = $2', [tenantId, topicName]);
    if (topic === undefined) throw MqErrors.MQ_QUEUE_NOT_FOUND();
    const { payload, key = null, type = topicName, correlationId = null, messageId } = input;
    const text = JSON.stringify(payload);
    const settings = { contentType: 'application/json', scheduledAt: null, expiresAt: null, traceparent: null, headers: '{}', payloadSize: text.length };
    const message = { ...settings, topicId: topic.id, tenantId, partition: 0, recordId: randomUUID(), key, type, correlationId, payload: text, producer: producer ?? null };
    const dedupWindowMs = messageId === undefined ? null : Number(topic.dedup_window_ms);
    const [committed] = await commitMessages(sql, [{ ...message, messageId: messageId ?? randomUUID(), dedupWindowMs }]);
    const { partition, offset, publishedAt, outcome } = committed!;
    return { messageId: committed!.message.messageId, topic: topicName, partition, offset, publishedAt: publishedAt.toISOString(), deduplicated: outcome === 'duplicate' };
  }
}

@Global()
@Module({ providers: [Committing, CatalogSignals], exports: [Committing, CatalogSignals] })
class FlowModule {}

beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  admin = new Redis(redis.url, { retryStrategy: () => 50, disconnectTimeout: 50 });
  admin.on('error', () => undefined);
});
beforeEach(async () => {
  await admin.flushall();
  database = await createTestDatabase(postgres);
  sql = openSql({ url: database.url, logger: silentLogger, poolSize: 4 });
  await sql.query('SELECT broker.ensure_day(current_date), broker.ensure_day(current_date + 1)');
  const queues = { redisUrl: redis.url, queueDb: 1, namespace: 'test', logger: silentLogger, reconnectMaxMs: 50, timeoutMs: 500 };
  served = await serveParts({
    sql,
    redisUrl: redis.url,
    imports: [QueuesModule.forRoot({ ...queues, db: 1 }), InternalModule.forRoot({ ...queues, publisher: Committing, imports: [FlowModule] })],
  });
  emails = new Queue('email', { connection: { host: '127.0.0.1', port: redis.port, db: 1 }, prefix: queuePrefix('test') });
  emails.on('error', () => undefined);
  await waitFor(() => sql.query("SELECT 1 FROM broker.message_topics WHERE name = 'audit-logs'").then((rows) => rows.length), { what: 'the topics of the system' });
});
afterEach(async () => {
  await emails.close();
  await served.stop();
  await sql.end();
  await database.drop();
});
afterAll(() => admin.disconnect());

const everything = { may: ['user-events', 'user-notifications', 'audit-logs', 'notifications', 'monitoring'] };
const post = (path: string, body: unknown, as: { may: string[] } = everything) => served.call('POST', `/internal/mq${path}`, as, body);
const get = (path: string, as: { may: string[] } = everything) => served.call('GET', `/internal/mq${path}`, as);
const recordsOf = (topic: string) =>
  sql.query<{ payload: unknown; message_key: string; message_type: string; message_id: string; producer_id: string }>(
    'SELECT r.payload, r.message_key, r.message_type, r.message_id, r.producer_id FROM broker.message_records r JOIN broker.message_topics t ON t.id = r.topic_id WHERE t.name = $1 AND t.tenant_id = $2 ORDER BY r.offset_value',
    [topic, SYSTEM_TENANT_ID],
  );
const mail = { userId: 'u-1', channel: 'email', title: 'Your export is ready', body: 'Fetch it.', email: { to: 'ada@example.com' }, messageId: 'export-1' };

describe('what services publish', () => {
  it('lies in its topic, under the key whose order counts, with the service as its producer', async () => {
    const answer = await post('/user-events', { event: 'user.logged-in', userId: 'u-1', data: { method: 'password' }, messageId: 'login-1' });
    expect(answer).toEqual({ status: 201, body: { messageId: 'login-1', topic: 'user-events', partition: 0, offset: 1, deduplicated: false } });
    await post('/audit-logs', { action: 'user.deleted', subject: 'u-1', actor: 'admin', occurredAt: '2026-11-20T08:30:00Z' });
    await post('/notifications', { kind: 'maintenance.planned', about: 'sunday', title: 'Maintenance', body: 'Soon.' });
    expect(await recordsOf('user-events')).toEqual([
      { payload: { event: 'user.logged-in', userId: 'u-1', data: { method: 'password' } }, message_key: 'u-1', message_type: 'user.logged-in', message_id: 'login-1', producer_id: 'some-service' },
    ]);
    expect(await recordsOf('audit-logs')).toMatchObject([
      { payload: { action: 'user.deleted', subject: 'u-1', actor: 'admin', occurredAt: '2026-11-20T08:30:00Z', service: 'some-service' }, message_key: 'u-1', message_type: 'user.deleted' },
    ]);
    expect(await recordsOf('notifications')).toMatchObject([{ payload: { kind: 'maintenance.planned', channel: 'none' }, message_key: 'sunday', message_type: 'maintenance.planned' }]);
    expect(await emails.getJobCountByTypes('prioritized', 'wait')).toBe(0);
  });

  it('is published once under one message id', async () => {
    const event = { event: 'user.logged-in', userId: 'u-1', data: null, messageId: 'login-1' };
    await post('/user-events', event);
    expect(await post('/user-events', event)).toMatchObject({ status: 201, body: { offset: 1, deduplicated: true } });
    expect(await recordsOf('user-events')).toHaveLength(1);
  });

  it.each([
    ['/user-events', { event: 'user logged in', userId: 'u-1', data: {} }, 'event'],
    ['/user-events', { event: 'user.logged-in', userId: 'u-1' }, 'data'],
    ['/user-events', { event: 'e', userId: 'u-1', data: 1, tenant: 'other' }, 'tenant'],
    ['/user-notifications', { userId: 'u-1', channel: 'email', title: 't', body: 'b' }, 'email'],
    ['/user-notifications', { userId: 'u-1', title: 't', body: 'b', email: { to: 'ada@example.com' } }, 'email'],
    ['/user-notifications', { ...mail, email: { to: 'nobody' } }, 'email'],
    ['/user-notifications', { userId: 'u-1', title: 't', body: 'b'.repeat(10_001) }, 'body'],
    ['/audit-logs', { action: 'a'.repeat(101), subject: 's', actor: 'x' }, 'action'],
    ['/notifications', { kind: 'k', title: '', body: 'b' }, 'title'],
  ])('to %s is refused when it does not fit, naming the field', async (path, body, field) => {
    const answer = await post(path, body);
    expect(answer.status).toBe(422);
    expect(JSON.stringify(answer.body)).toContain(field);
    for (const topic of ['user-events', 'user-notifications', 'audit-logs', 'notifications']) expect(await recordsOf(topic)).toEqual([]);
  });
});

describe('a notification that asks for mail', () => {
  it('becomes one job that the email worker understands, however often the call is repeated', async () => {
    const first = await post('/user-notifications', mail);
    const second = await post('/user-notifications', mail);
    expect(first).toMatchObject({ status: 201, body: { topic: 'user-notifications', deduplicated: false, emailJobId: 'mq|user-notifications|export-1' } });
    expect(second.body).toMatchObject({ deduplicated: true, emailJobId: 'mq|user-notifications|export-1' });
    const jobs = await emails.getJobs(['prioritized', 'wait']);
    expect(jobs).toHaveLength(1);
    const { payload, idempotencyKey } = jobs[0]!.data as { payload: unknown; idempotencyKey: string };
    expect(jobs[0]!.name).toBe('send-email');
    expect(SendEmail.schema.parse(payload)).toEqual({ to: ['ada@example.com'], subject: 'Your export is ready', text: 'Fetch it.' });
    expect(idempotencyKey).toBe('mq:user-notifications:export-1');
  });

  it('is mailed by a template where it names one', async () => {
    const template = { key: 'welcome', variables: { username: 'ada' } };
    await post('/notifications', { kind: 'welcome', title: 'Welcome', body: 'Hello', channel: 'email', email: { to: ['ada@example.com', 'bob@example.com'], template } });
    const [job] = await emails.getJobs(['prioritized', 'wait']);
    expect((job!.data as { payload: unknown }).payload).toEqual({ to: ['ada@example.com', 'bob@example.com'], template });
  });

  it('keeps the address out of the message that others may read', async () => {
    await post('/user-notifications', mail);
    const [record] = await recordsOf('user-notifications');
    expect(record!.payload).toEqual({ userId: 'u-1', channel: 'email', title: 'Your export is ready', body: 'Fetch it.' });
  });

  it('is refused with its message id while Redis is away, and mailed once when the call is repeated', async () => {
    await redis.kill('SIGKILL');
    const withoutId = { ...mail, messageId: undefined };
    const refused = await post('/user-notifications', withoutId);
    expect(refused).toMatchObject({ status: 503, body: { code: 'UNAVAILABLE', retryAfter: 1 } });
    const { messageId } = (refused.body as { details: { messageId: string } }).details;
    await redis.restart();
    await waitFor(async () => (await post('/user-notifications', { ...withoutId, messageId })).status === 201, { what: 'the repeated call' });
    expect(await emails.getJobs(['prioritized', 'wait'])).toHaveLength(1);
  });
});

describe('what services see', () => {
  it('is how far the consumers of their topics and the queue have come', async () => {
    await post('/user-notifications', mail);
    await post('/audit-logs', { action: 'user.deleted', subject: 'u-1', actor: 'admin' });
    const [topic] = await sql.query<{ id: string }>("SELECT id FROM broker.message_topics WHERE name = 'audit-logs'");
    const subscription = await makeCatalog(sql).subscription(SYSTEM_TENANT_ID, topic!.id, [0]);
    await makeCatalog(sql).deliveries(subscription, 'dead', 5, 6);
    const audit = await get('/audit-queue-status');
    expect(routes.GetAuditQueueStatus.response.parse(audit.body)).toEqual(audit.body);
    expect(audit.body).toMatchObject({ topic: 'audit-logs', exists: true, messages: 1, subscriptionCount: 1, lag: 1, dead: 2 });
    const notifications = await get('/notification-queue');
    expect(routes.GetNotificationQueue.response.parse(notifications.body)).toEqual(notifications.body);
    expect(notifications.body).toMatchObject({ topics: [{ topic: 'user-notifications', messages: 1 }, { topic: 'notifications', messages: 0 }], email: { waiting: 1, active: 0, failed: 0 } });
  });

  it('is the sum over all tenants, and the health with its reasons, also while Postgres is away', async () => {
    await makeCatalog(sql).topic(randomUUID(), 'orders', [{ next: 8 }]);
    const metrics = await get('/metrics');
    expect(routes.GetInternalMetrics.response.parse(metrics.body)).toMatchObject({ redisStreams: { totalMessages: 7 } });
    served.health.add({ name: 'postgres', check: () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.7:5432')) });
    const health = await get('/health-detailed');
    expect(health.status).toBe(200);
    expect(routes.GetDetailedHealth.response.parse(health.body)).toMatchObject({ status: 'error', checks: { postgres: { status: 'down', reason: expect.stringContaining('10.0.0.7') as string } } });
    await sql.query('ALTER TABLE broker.message_topics RENAME TO gone');
    expect(await get('/health-detailed')).toMatchObject({ status: 200, body: { subscriptions: null } });
    await sql.query('ALTER TABLE broker.gone RENAME TO message_topics');
  });

  it('is told without the queue while Redis is away', async () => {
    await redis.kill('SIGKILL');
    try {
      expect(await get('/notification-queue')).toMatchObject({ status: 200, body: { email: null, topics: [{ exists: true }, { exists: true }] } });
    } finally {
      await redis.restart();
    }
  });

  it('is open to no service without the permission', async () => {
    const bound = [InternalPublishController, InternalWatchController].flatMap(routesOf);
    expect(bound).toHaveLength(8);
    for (const { contract } of bound) {
      const permission = contract.access.kind === 'service' ? contract.access.permission : undefined;
      const others = { may: everything.may.filter((it) => it !== permission) };
      expect((await served.call(contract.method as 'GET' | 'POST', contract.path, others, contract.method === 'POST' ? contract.example.body : undefined)).status).toBe(401);
    }
    expect(await recordsOf('user-events')).toEqual([]);
  });

  it('answers the examples of its reference page', async () => {
    for (const { contract } of [InternalPublishController, InternalWatchController].flatMap(routesOf)) {
      const answer = await served.call(contract.method as 'GET' | 'POST', contract.path, everything, contract.example.body);
      expect(answer.status).toBe(contract.status);
      expect(contract.response.parse(answer.body)).toEqual(answer.body);
    }
  });
});
