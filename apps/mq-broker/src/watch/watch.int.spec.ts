import { GetConsumerMetrics, GetMetrics, GetStatus, GetTopicMetrics, type ConsumerMetrics, type MessageQueueMetrics, type TopicMetrics } from '@angarium/contracts/broker-api';
import { openSql, type Sql } from '@angarium/database';
import { silentLogger } from '@angarium/observability';
import { createTestDatabase, startPostgres, startRedis, stopAfterTests, waitFor, type RunningServer, type TestDatabase } from '@angarium/testing';
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { entryValues } from '../flow/broker-message.js';
import { BrokerMeter } from './metrics/broker-meter.js';
import { ReplicaFigures } from './metrics/replica-figures.js';
import { SampleGauges } from './metrics/sample-gauges.js';
import { makeCatalog } from './testing/make-catalog.js';
import { serveParts, type Served } from './testing/serve-parts.js';

stopAfterTests();
let postgres: Awaited<ReturnType<typeof startPostgres>>;
let redis: RunningServer;
let database: TestDatabase;
let sql: Sql;
let make: ReturnType<typeof makeCatalog>;
let admin: Redis;
let served: Served;
beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  admin = new Redis(redis.url, { retryStrategy: () => 50, disconnectTimeout: 50 });
  admin.on('error', () => undefined);
});
beforeEach(async () => {
  await admin.flushall();
  await admin.config('RESETSTAT');
  database = await createTestDatabase(postgres);
  sql = openSql({ url: database.url, logger: silentLogger, poolSize: 4 });
  await sql.query('DROP TABLE broker.message_records');
  make = makeCatalog(sql);
  served = await serveParts({ sql, redisUrl: redis.url });
  await waitFor(() => served.get(ReplicaFigures).replicas(), { what: 'the first pass' });
});
afterEach(async () => {
  await served.stop();
  await sql.end();
  await database.drop();
});
afterAll(() => admin.disconnect());

const [a, b] = [randomUUID(), randomUUID()];
const get = async <T>(path: string, tenantId = a) => {
  const { status, body } = await served.call('GET', `/api/v1/mq${path}`, { tenantId });
  expect(status).toBe(200);
  return body as T;
};
const stream = (topicId: string) => `test:topics:{${topicId}/0}`;
/** As drain appends it. */
function entryOf(topicId: string, offset: number, publishedAt: Date) {
  const message = { topicId, partition: 0, offset, messageId: `m${offset}`, type: 'some', key: null, correlationId: null, headers: '{}', payload: '{"time":"2001-01-01T00:00:00Z"}' };
  const [event, headers, data] = entryValues({ ...message, contentType: 'application/json', publishedAt, expiresAt: null, traceparent: null, tenantId: a, producer: null });
  return ['event', event, 'headers', headers, 'data', data];
}
/** A topic with ten messages in its stream, two of them given to a consumer; published `ageMs` ago. */
async function topicInFlight(tenantId: string, name: string, ageMs: number) {
  const topicId = await make.topic(tenantId, name, [{ next: 11 }]);
  const subscriptionId = await make.subscription(tenantId, topicId, [4]);
  const publishedAt = new Date(Date.now() - ageMs);
  for (let offset = 1; offset <= 10; offset++) await admin.xadd(stream(topicId), `${offset}-0`, ...entryOf(topicId, offset, publishedAt));
  await admin.xgroup('CREATE', stream(topicId), subscriptionId, '4-0');
  await admin.xreadgroup('GROUP', subscriptionId, 'c', 'COUNT', 2, 'STREAMS', stream(topicId), '>');
  return { topicId, subscriptionId };
}

describe('GET /metrics', () => {
  it('shows a tenant its own figures in the shape of S3, from Postgres, the streams and the meter', async () => {
    const { topicId, subscriptionId } = await topicInFlight(a, 'orders', 60_000);
    await make.deliveries(subscriptionId, 'waiting', 1, 3);
    await make.subscription(a, topicId, [10], { status: 'paused' });
    const { subscriptionId: theirs } = await topicInFlight(b, 'orders', 0);
    const meter = served.get(BrokerMeter);
    meter.published(2, 'commit', 1, [
      { tenantId: a, topicId },
      { tenantId: b, topicId: 'other' },
    ]);
    meter.delivered('pull', 20, { tenantId: a, topicId, subscriptionId });
    meter.delivered('pull', 5_000, { tenantId: b, topicId: 'other', subscriptionId: theirs });
    meter.failed('pull', { tenantId: a, topicId, subscriptionId });

    const metrics = await get<MessageQueueMetrics>('/metrics');
    expect(GetMetrics.response.parse(metrics)).toEqual(metrics);
    expect(metrics).toMatchObject({
      redisStreams: { totalStreams: 1, totalConsumerGroups: 2, totalMessages: 10, pendingMessages: 5 },
      consumers: { activeConsumers: 1, totalLag: 9, errorRate: 0.5 },
    });
    expect(metrics.consumers.processingRate).toBeGreaterThan(0);
    expect(metrics.performance.throughput).toBeGreaterThan(0);
    expect(Math.abs(metrics.performance.p99Latency - 20)).toBeLessThan(1);
    expect(metrics.performance.averageLatency).toBe(20);
  });

  it('is zero for a tenant that has nothing, whatever the others do', async () => {
    await topicInFlight(b, 'orders', 0);
    served.get(BrokerMeter).delivered('pull', 20, { tenantId: b, topicId: 't', subscriptionId: 's' });
    const { redisStreams, consumers, performance } = await get<MessageQueueMetrics>('/metrics');
    expect([redisStreams, consumers, performance].flatMap((it) => Object.values(it)).every((it) => it === 0)).toBe(true);
  });

  it('neither searches keys nor reads whole streams', async () => {
    await topicInFlight(a, 'orders', 0);
    for (const path of ['/metrics', '/metrics/topics', '/metrics/consumers', '/status']) await get(path);
    await served.get(SampleGauges).pass();
    const commands = await admin.info('commandstats');
    expect(commands).toMatch(/cmdstat_xpending/);
    expect(commands).not.toMatch(/cmdstat_(keys|scan|xlen|xread|dbsize):/);
  });
});

describe('GET /metrics/consumers', () => {
  it('shows what each subscription owes, how old it is and how fast it goes', async () => {
    const { topicId, subscriptionId } = await topicInFlight(a, 'orders', 60_000);
    await make.deliveries(subscriptionId, 'waiting', 1, 3);
    await make.deliveries(subscriptionId, 'dead', 4, 4);
    await topicInFlight(b, 'orders', 0);
    served.get(BrokerMeter).delivered('pull', 20, { tenantId: a, topicId, subscriptionId });
    const page = await get<{ items: ConsumerMetrics[] }>('/metrics/consumers');
    expect(GetConsumerMetrics.response.parse(page)).toEqual(page);
    expect(page.items).toHaveLength(1);
    expect(page.items[0]).toMatchObject({ subscriptionId, topic: 'orders', destination: 'pull', status: 'active', breaker: 'closed', lag: 9, waiting: 3, inFlight: 2, dead: 1 });
    expect(page.items[0]!.oldestUnsettledAgeMs).toBeGreaterThan(59_000);
    expect(page.items[0]!.oldestUnsettledAgeMs).toBeLessThan(90_000);
    expect(page.items[0]!.rates.delivered).toBeGreaterThan(0);
  });

  it('goes on where the page before ended, and refuses a cursor that somebody made up', async () => {
    const topicId = await make.topic(a, 'orders', [{ next: 1 }]);
    const ids = await Promise.all([1, 2, 3].map(() => make.subscription(a, topicId, [0])));
    const first = await get<{ items: ConsumerMetrics[]; nextCursor: string }>('/metrics/consumers?limit=2');
    const rest = await get<{ items: ConsumerMetrics[]; nextCursor: null }>(`/metrics/consumers?limit=2&cursor=${first.nextCursor}`);
    expect([...first.items, ...rest.items].map((it) => it.subscriptionId)).toEqual(ids.toSorted());
    expect(rest.nextCursor).toBeNull();
    for (const path of ['/metrics/consumers', '/metrics/topics']) expect((await served.call('GET', `/api/v1/mq${path}?cursor=';DROP`, { tenantId: a })).status).toBe(422);
    expect(rest.items[0]!.oldestUnsettledAgeMs).toBeNull();
  });

  it('still tells lag and age when Redis is away', async () => {
    await topicInFlight(a, 'orders', 60_000);
    await get('/metrics/consumers');
    await redis.kill('SIGKILL');
    try {
      const page = await get<{ items: ConsumerMetrics[] }>('/metrics/consumers');
      expect(page.items[0]).toMatchObject({ lag: 6, inFlight: 0 });
      expect(page.items[0]!.oldestUnsettledAgeMs).toBeGreaterThan(59_000);
    } finally {
      await redis.restart();
    }
  });
});

describe('GET /metrics/topics', () => {
  it('adds up the subscriptions of a topic and names the slowest lag', async () => {
    const { topicId, subscriptionId } = await topicInFlight(a, 'orders', 60_000);
    await make.subscription(b, topicId, [1]);
    await make.topic(a, 'Other', [{ next: 1 }, { next: 6, first: 3 }]);
    await make.topic(b, 'hidden', [{ next: 5 }]);
    served.get(BrokerMeter).published(1, 'commit', 1, [{ tenantId: a, topicId }]);
    const page = await get<{ items: TopicMetrics[] }>('/metrics/topics');
    expect(GetTopicMetrics.response.parse(page)).toEqual(page);
    expect(page.items.map(({ topic }) => topic)).toEqual(['Other', 'orders']);
    expect(page.items[0]).toMatchObject({ partitionCount: 2, messages: 3, subscriptionCount: 0, lag: 0, oldestUnsettledAgeMs: null });
    expect(page.items[1]).toMatchObject({ topicId, messages: 10, subscriptionCount: 2, lag: 15, slowestLag: 9, inFlight: 2 });
    expect(page.items[1]!.oldestUnsettledAgeMs).toBeGreaterThan(59_000);
    expect(page.items[1]!.rates.published).toBeGreaterThan(0);
    expect(subscriptionId).toBeDefined();
  });

  it('finds names by their prefix, in which no character is special, page by page', async () => {
    for (const name of ['a_1', 'a_2', 'ab1', 'b']) await make.topic(a, name, [{ next: 1 }]);
    const names = (page: { items: TopicMetrics[] }) => page.items.map(({ topic }) => topic);
    expect(names(await get('/metrics/topics?prefix=a_'))).toEqual(['a_1', 'a_2']);
    const first = await get<{ items: TopicMetrics[]; nextCursor: string }>('/metrics/topics?limit=3');
    expect(names(first)).toEqual(['a_1', 'a_2', 'ab1']);
    expect(names(await get(`/metrics/topics?limit=3&cursor=${first.nextCursor}`))).toEqual(['b']);
  });
});

describe('Prometheus', () => {
  it('gets lag and age of the subscriptions that owe something, and the memory of their streams', async () => {
    const { topicId, subscriptionId } = await topicInFlight(a, 'orders', 60_000);
    await make.subscription(a, topicId, [10]);
    const gauges = served.get(SampleGauges);
    await gauges.pass();
    const text = await served.metrics.registry.metrics();
    expect(text).toContain(`angarium_mq_subscription_lag{subscription="${subscriptionId}",topic="orders",service="mq-broker"} 6`);
    expect(text.match(/angarium_mq_subscription_lag{/g)).toHaveLength(1);
    expect(Number(/oldest_unsettled_seconds{[^}]*} ([\d.]+)/.exec(text)![1])).toBeGreaterThan(59);
    expect(Number(new RegExp(`stream_bytes{topic_id="${topicId}",topic="orders",partition="0",service="mq-broker"} (\\d+)`).exec(text)![1])).toBeGreaterThan(100);

    await sql.query('UPDATE broker.subscription_cursors SET settled_offset = 10');
    await gauges.pass();
    expect(await served.metrics.registry.metrics()).not.toMatch(/subscription_lag{|stream_bytes{|oldest_unsettled_seconds{/);
  });

  it('gets at most 200 subscriptions', async () => {
    const topicId = await make.topic(a, 'orders', [{ next: 11 }]);
    await sql.query(
      `WITH s AS (INSERT INTO broker.message_subscriptions (topic_id, tenant_id, consumer_group, consumer_name, subscription_type, retry_policy)
       SELECT $1, $2, n::text, 'x', 'pull', '{}' FROM generate_series(1, 230) n RETURNING id)
       INSERT INTO broker.subscription_cursors SELECT id, 0, 3 FROM s`,
      [topicId, a],
    );
    await served.get(SampleGauges).pass();
    expect((await served.metrics.registry.metrics()).match(/angarium_mq_subscription_lag{/g)).toHaveLength(200);
  });
});

describe('GET /status and /health', () => {
  it('tell which replica answers, how many there are and what the tenant has', async () => {
    await topicInFlight(a, 'orders', 0);
    await topicInFlight(b, 'orders', 0);
    const second = await serveParts({ sql, redisUrl: redis.url, instance: 'two' });
    try {
      await waitFor(() => second.get(ReplicaFigures).replicas()?.length === 2, { what: 'both replicas' });
      await served.get(ReplicaFigures).pass();
      const status = await get<object>('/status');
      expect(GetStatus.response.parse(status)).toEqual(status);
      expect(status).toMatchObject({ service: 'mq-broker', version: '1.2.3', instance: 'one', replicas: 2, counts: { topics: 1, partitions: 1, messages: 10, subscriptions: 1, activeSubscriptions: 1 } });
    } finally {
      await second.stop();
    }
  });

  it('name what is down with 503 and a code, and not why: reasons name hosts', async () => {
    served.health.add({ name: 'postgres', check: () => Promise.resolve({ latencyMs: 1 }) });
    expect(await get('/health')).toEqual({ status: 'ok', checks: { postgres: 'up' } });
    served.health.add({ name: 'redis', check: () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.7:6379')) });
    const { status, body } = await served.call('GET', '/api/v1/mq/health', { tenantId: a });
    expect(status).toBe(503);
    expect(body).toMatchObject({ code: 'UNAVAILABLE', retryAfter: 1, details: { status: 'error', checks: { postgres: 'up', redis: 'down' } } });
    expect(JSON.stringify(body)).not.toContain('10.0.0.7');
  });
});
