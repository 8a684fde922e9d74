import { openSql, type Sql, type SqlRunner } from '@angarium/database';
import { silentLogger } from '@angarium/observability';
import { createTestDatabase, startPostgres, stopAfterTests, waitFor, type TestDatabase } from '@angarium/testing';
import { commitMessages } from '../../flow/commit/commit.repository.js';
import { ensureDays } from '../../flow/commit/message-days.js';
import type { NewMessage } from '../../flow/commit/new-message.js';
import { PromoteDue } from './promote-due.js';
import { scheduleRepository } from './schedule.repository.js';
import { addSchedule, addTopic, messagesOf } from './testing/schedule-store.js';

stopAfterTests();
let postgres: Awaited<ReturnType<typeof startPostgres>>;
let test: TestDatabase;
let sql: Sql;
const promoters: PromoteDue[] = [];

beforeEach(async () => {
  postgres = await startPostgres({ fsync: true });
  test = await createTestDatabase(postgres);
  sql = openSql({ url: test.url, logger: silentLogger, timeoutMs: 2_000 });
  await ensureDays(sql);
});
afterEach(async () => {
  await Promise.all(promoters.splice(0).map((it) => it.stop()));
  await sql.end();
  await test.drop({ mayBeInUse: true });
  await postgres.stop();
});

const promoterOf = (commit?: (tx: SqlRunner, messages: readonly NewMessage[]) => ReturnType<typeof commitMessages>) => {
  const promoter = new PromoteDue({ sql, logger: silentLogger, next: { promoted: () => undefined, append: () => Promise.reject(new Error('unused')) }, ...(commit && { commit }) });
  promoters.push(promoter);
  return promoter;
};

describe('a promoter loses its connection between storing and committing', () => {
  it('nothing was published, and the next pass publishes it', async () => {
    const topic = await addTopic(sql);
    const { id } = await addSchedule(sql, topic);
    const cutOff = promoterOf(async (tx, messages) => {
      const committed = await commitMessages(tx, messages);
      const [own] = await tx.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      await sql.query('SELECT pg_terminate_backend($1)', [own!.pid]);
      return committed;
    });
    await expect(cutOff.promoteOnce()).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    expect(await messagesOf(sql, topic.id)).toEqual([]);
    expect((await scheduleRepository.find(sql, topic.tenantId, id))!.status).toBe('waiting');
    expect(await promoterOf().promoteOnce()).toBe(1);
    expect(await messagesOf(sql, topic.id)).toMatchObject([{ messageId: id }]);
  });
});

describe('PostgreSQL is killed and restarted while promoters run', () => {
  it('every message is published once, and nobody restarts a promoter', async () => {
    const topic = await addTopic(sql, { partitionCount: 2 });
    const insert = `INSERT INTO broker.scheduled_messages (tenant_id, topic_id, kind, due_at, message_type, payload)
      SELECT $1, $2, 'once', clock_timestamp() + n * interval '3 ms', 'order', json_build_object('n', n) FROM generate_series(1, 1000) AS n`;
    await sql.execute(insert, [topic.tenantId, topic.id]);
    for (let replica = 0; replica < 2; replica++) promoterOf().start();
    const countOf = async () => (await messagesOf(sql, topic.id)).length;
    for (let round = 1; round <= 2; round++) {
      await waitFor(async () => (await countOf()) >= round * 200, { what: 'messages to be published' });
      await postgres.kill();
      await postgres.restart();
    }
    await waitFor(async () => (await countOf()) >= 1_000, { what: 'all messages' });
    const messages = await messagesOf(sql, topic.id);
    expect(messages.map((it) => (it.payload as { n: number }).n).sort((a, b) => a - b)).toEqual(Array.from({ length: 1_000 }, (_, n) => n + 1));
    expect(messages.every((it) => it.lateMs >= 0)).toBe(true);
  });
});
