import type { Sql } from '@angarium/database';
import { makeId } from '../../../flow/accept/make-id.js';
import { scheduleRepository, type NewSchedule } from '../schedule.repository.js';

/** A row of message_records, as far as tests of schedules look at it. */
export interface StoredMessage {
  readonly messageId: string;
  readonly type: string;
  readonly payload: unknown;
  readonly partition: number;
  /** How long after its due time it was published, by Postgres' clock. */
  readonly lateMs: number;
}

/** Puts a topic into a test's database. */
export async function addTopic(sql: Sql, { tenantId = makeId(), name = 'orders', status = 'active', partitionCount = 1, dedupWindowMs = 300_000, durability = 'commit' } = {}) {
  const id = makeId();
  await sql.execute(
    'INSERT INTO broker.message_topics (id, name, tenant_id, status, partition_count, dedup_window_ms, durability) VALUES ($1, $2, $3, $4, $5, $6, $7)',
    [id, name, tenantId, status, partitionCount, dedupWindowMs, durability],
  );
  await sql.execute('INSERT INTO broker.topic_partitions (topic_id, partition_id) SELECT $1, p FROM generate_series(0, $2::int - 1) AS p', [id, partitionCount]);
  return { id, tenantId, name };
}

/** Schedules a message; left out, it is due now. */
export function addSchedule(sql: Sql, topic: { readonly id: string; readonly tenantId: string }, other: Partial<NewSchedule> = {}) {
  return scheduleRepository.insert(sql, {
    id: makeId(),
    tenantId: topic.tenantId,
    topicId: topic.id,
    due: { atMs: 0 },
    cron: null,
    timeZone: null,
    key: null,
    partition: null,
    messageId: null,
    type: 'order',
    correlationId: null,
    headersJson: '{}',
    payloadJson: '{}',
    expiresInMs: null,
    producer: 'shop',
    ...other,
  });
}

/** What was published to a topic, in the order of offsets. */
export async function messagesOf(sql: Sql, topicId: string): Promise<StoredMessage[]> {
  return sql.query<StoredMessage>(
    `SELECT message_id AS "messageId", message_type AS type, payload, partition_id AS partition,
       (extract(epoch FROM published_at - scheduled_at) * 1000)::float8 AS "lateMs"
     FROM broker.message_records WHERE topic_id = $1 ORDER BY partition_id, offset_value`,
    [topicId],
  );
}
