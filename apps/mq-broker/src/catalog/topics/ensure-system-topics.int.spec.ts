import { RealtimeMessagePublished } from '@angarium/contracts';
import { openSql, type Sql } from '@angarium/database';
import { silentLogger } from '@angarium/observability';
import { createTestDatabase, startPostgres, stopAfterTests, type TestDatabase } from '@angarium/testing';
import { bridgedEvents } from '../../flow/accept/bridge-events.controller.js';
import { ensureSystemTopics, internalTopics, systemTopics } from './ensure-system-topics.js';
import { SYSTEM_TENANT_ID } from './topic-cache.js';

stopAfterTests();
let postgres: Awaited<ReturnType<typeof startPostgres>>;
let database: TestDatabase;
let sql: Sql;
beforeAll(async () => {
  postgres = await startPostgres();
});
beforeEach(async () => {
  database = await createTestDatabase(postgres);
  sql = openSql({ url: database.url, logger: silentLogger, poolSize: 8 });
});
afterEach(async () => {
  await sql.end();
  await database.drop();
});

const stored = () =>
  sql.query<{ name: string; is_public: boolean; tenant_id: string; partitions: number }>(
    'SELECT t.name, t.is_public, t.tenant_id, (SELECT count(*)::int FROM broker.topic_partitions p WHERE p.topic_id = t.id) AS partitions FROM broker.message_topics t ORDER BY t.name COLLATE "C"',
  );

describe('the topics of the system', () => {
  it('are one for each contract event that becomes messages, which everybody may subscribe to, and those of the internal API, which nobody may', async () => {
    await ensureSystemTopics(sql, bridgedEvents);
    const expected = [...bridgedEvents.map(({ name }) => ({ name, is_public: true })), ...Object.keys(internalTopics).map((name) => ({ name, is_public: false }))];
    // nothing would ever come to whoever subscribed to this one
    expect(expected.map(({ name }) => name)).not.toContain(RealtimeMessagePublished.name);
    expect(await stored()).toEqual(expected.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map((it) => ({ ...it, tenant_id: SYSTEM_TENANT_ID, partitions: 1 })));
  });

  it('are created once, with their partitions, however many replicas start at once', async () => {
    const made = await Promise.all(Array.from({ length: 8 }, () => ensureSystemTopics(sql, bridgedEvents)));
    expect(made.flat()).toHaveLength(systemTopics(bridgedEvents).length);
    expect((await stored()).every(({ partitions }) => partitions === 1)).toBe(true);
    expect(await ensureSystemTopics(sql, bridgedEvents)).toEqual([]);
  });

  it('stay as somebody has changed them', async () => {
    await ensureSystemTopics(sql, bridgedEvents);
    await sql.query("UPDATE broker.message_topics SET description = 'mine', status = 'paused', is_public = true WHERE name = 'audit-logs'");
    await ensureSystemTopics(sql, bridgedEvents);
    const [topic] = await sql.query("SELECT description, status, is_public FROM broker.message_topics WHERE name = 'audit-logs'");
    expect(topic).toEqual({ description: 'mine', status: 'paused', is_public: true });
  });
});
