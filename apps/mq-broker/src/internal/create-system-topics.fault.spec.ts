import { AuditRecorded, createAddresses } from '@angarium/contracts';
import { openSql, type Sql } from '@angarium/database';
import { silentLogger } from '@angarium/observability';
import { buildApps, createTestDatabase, startPostgres, startRedis, startService, stopAfterTests, waitFor, type RunningServer, type TestDatabase } from '@angarium/testing';
import { MessageBus } from '@angarium/transport';
import { Redis } from 'ioredis';
import { randomBytes, randomUUID } from 'node:crypto';
import { systemTopics } from '../catalog/topics/ensure-system-topics.js';
import { SYSTEM_TENANT_ID } from '../catalog/topics/topic-cache.js';
import { bridgedEvents } from '../flow/accept/bridge-events.controller.js';

stopAfterTests();
let postgres: Awaited<ReturnType<typeof startPostgres>>;
let redis: RunningServer;
let main: string;
let database: TestDatabase;
let sql: Sql;
let admin: Redis;
beforeAll(async () => {
  const [bundles, ...servers] = await Promise.all([buildApps(['mq-broker']), startPostgres(), startRedis()]);
  main = bundles['mq-broker'];
  [postgres, redis] = servers;
});
beforeEach(async () => {
  admin = new Redis(redis.url);
  await admin.flushall();
  database = await createTestDatabase(postgres);
  sql = openSql({ url: database.url, logger: silentLogger, poolSize: 2 });
});
afterEach(async () => {
  await sql.end();
  await database.drop();
  admin.disconnect();
});

const startBroker = () =>
  startService({ name: 'mq-broker', main, env: { REDIS_URL: redis.url, DATABASE_URL: database.url, DATABASE_TIMEOUT_MS: '1000', SEAL_KEYS: `k:${randomBytes(32).toString('base64')}` } });

/** States facts before the broker was ever there. @returns their ids. */
async function emitAudits(count: number): Promise<string[]> {
  const bus = new MessageBus({ redisUrl: redis.url, service: 'task-worker', instance: 'task-worker-1', logger: silentLogger });
  const emitted = Array.from({ length: count }, () =>
    bus.emit(AuditRecorded, { auditId: randomUUID(), action: 'user.created', subject: 'u-1', recordedAt: new Date().toISOString() }),
  );
  const ids = (await Promise.all(emitted)).map(String);
  await bus.close();
  return ids.sort();
}

const kept = async () =>
  (
    await sql.query<{ message_id: string }>(
      'SELECT r.message_id FROM broker.message_records r JOIN broker.message_topics t ON t.id = r.topic_id WHERE t.name = $1 AND t.tenant_id = $2 ORDER BY r.message_id',
      [AuditRecorded.name, SYSTEM_TENANT_ID],
    )
  ).map((row) => row.message_id);
const topicCount = async () => (await sql.query('SELECT 1 FROM broker.message_topics WHERE tenant_id = $1', [SYSTEM_TENANT_ID])).length;
const waitingStatements = async () => (await sql.query("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")).length;
const addresses = createAddresses();
const deadCount = () => admin.xlen(addresses.deadLetterStream(addresses.eventStream(AuditRecorded.name), 'mq-broker'));

describe('an event that is older than the broker', () => {
  it('is kept as a message of its topic at the first start, and is no dead letter, also when Postgres is slow to make the topics', async () => {
    const ids = await emitAudits(20);
    let letGo: () => void = () => undefined;
    const isWanted = new Promise<void>((resolve) => (letGo = resolve));
    const holding = sql.transaction(async (tx) => {
      // topics can be read meanwhile and not be made
      await tx.query('LOCK TABLE broker.message_topics IN SHARE ROW EXCLUSIVE MODE');
      await isWanted;
    });
    const broker = await startBroker();
    await waitFor(async () => (await waitingStatements()) > 0, { what: 'the broker to wait for the lock' });
    // long enough for handlers to run, were they allowed to
    await expect(waitFor(async () => (await deadCount()) > 0, { what: 'a dead letter', timeoutMs: 600 })).rejects.toThrow('a dead letter');
    letGo();
    await holding;
    await waitFor(async () => (await kept()).length + (await deadCount()) >= ids.length, { what: 'the events to be handled' });
    expect(await deadCount()).toBe(0);
    expect(await kept()).toEqual(ids);
    await broker.stop();
  });
});

describe('a broker that starts while Postgres is away', () => {
  it('is up nevertheless, and makes the topics of the system when Postgres answers', async () => {
    await postgres.kill('SIGKILL');
    const broker = await startBroker();
    await waitFor(() => fetch(`${broker.url}/health/live`).then(({ ok }) => ok), { what: 'the broker to live' });
    await postgres.restart();
    await waitFor(async () => (await topicCount()) > 0, { what: 'the topics' });
    expect(await topicCount()).toBe(systemTopics(bridgedEvents).length);
    await broker.stop();
  });
});
