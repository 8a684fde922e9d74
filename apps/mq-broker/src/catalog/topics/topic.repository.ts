import type { BodyOf, QueryOf } from '@angarium/contracts';
import type { ListTopics, UpdateTopic } from '@angarium/contracts/broker-api';
import type { SqlRunner } from '@angarium/database';
import { nameCursor } from '../page-cursor.js';
import { SYSTEM_TENANT_ID } from './topic-cache.js';
import type { TopicRow } from './topic-row.js';

export type TopicSettings = BodyOf<typeof UpdateTopic>;

/** `FOR SHARE`: it stays as it is until the transaction ends. `FOR UPDATE`: and nobody else may read it so. */
export type Lock = '' | 'FOR SHARE' | 'FOR UPDATE';

/** A topic by name as a tenant sees it: its own, else the system's public one. */
export async function findTopic(runner: SqlRunner, tenantId: string, name: string, lock: Lock = ''): Promise<TopicRow | undefined> {
  const [row] = await runner.query<TopicRow>(
    `SELECT t.* FROM broker.message_topics t WHERE t.name = $2 AND (t.tenant_id = $1 OR (t.tenant_id = $3 AND t.is_public)) ORDER BY t.tenant_id = $1 DESC LIMIT 1 ${lock}`,
    [tenantId, name, SYSTEM_TENANT_ID],
  );
  return row;
}

/** A topic by id: the tenant's own, or a public one of others, the system's among them. */
export async function findTopicById(runner: SqlRunner, tenantId: string, id: string, lock: Lock = ''): Promise<TopicRow | undefined> {
  const [row] = await runner.query<TopicRow>(`SELECT t.* FROM broker.message_topics t WHERE t.id = $2 AND (t.is_public OR t.tenant_id = $1) ${lock}`, [tenantId, id]);
  return row;
}

/** One row more than the limit, where there are more. Ordered by name. */
export async function listTopics(runner: SqlRunner, tenantId: string, query: QueryOf<typeof ListTopics>): Promise<TopicRow[]> {
  const [name, id] = nameCursor.decode(query.cursor) ?? [null, null];
  return runner.query<TopicRow>(
    `SELECT t.* FROM broker.message_topics t
     WHERE (t.tenant_id = $1 OR ($2 AND t.is_public))
       AND ($3::text IS NULL OR starts_with(t.name, $3)) AND ($4::text IS NULL OR t.status = $4)
       AND ($5::text IS NULL OR (t.name, t.id) > ($5, $6::uuid))
     ORDER BY t.name, t.id LIMIT $7`,
    [tenantId, query.public === 'true', query.prefix ?? null, query.status ?? null, name, id, query.limit + 1],
  );
}

/** Whether this system, not a tenant, has a topic of this name: one of its contract events. */
export async function isSystemTopic(tx: SqlRunner, name: string): Promise<boolean> {
  return (await tx.query('SELECT FROM broker.message_topics WHERE tenant_id = $1 AND name = $2', [SYSTEM_TENANT_ID, name])).length > 0;
}

/** Makes a topic with its partitions. @returns undefined when the tenant has one of this name. */
export async function insertTopic(tx: SqlRunner, tenantId: string, name: string, settings: TopicSettings): Promise<TopicRow | undefined> {
  const [row] = await tx.query<TopicRow>(
    `INSERT INTO broker.message_topics (tenant_id, name, display_name, description, partition_count, retention_ms, message_format, schema_definition,
       compression_type, is_public, allowed_producers, allowed_consumers, status, durability, dedup_window_ms, max_queue_length)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) ON CONFLICT (tenant_id, name) DO NOTHING RETURNING *`,
    [tenantId, name, ...valuesOf(settings)],
  );
  if (row) await insertPartitions(tx, row.id, 0, row.partition_count);
  return row;
}

/** Replaces the settings and counts the version up; settings that are there already change nothing. New partitions get their rows. */
export async function replaceTopic(tx: SqlRunner, before: TopicRow, settings: TopicSettings): Promise<TopicRow> {
  const [row = before] = await tx.query<TopicRow>(
    `UPDATE broker.message_topics SET display_name = $2, description = $3, partition_count = $4, retention_ms = $5, message_format = $6, schema_definition = $7,
       compression_type = $8, is_public = $9, allowed_producers = $10, allowed_consumers = $11, status = $12, durability = $13, dedup_window_ms = $14,
       max_queue_length = $15, version = version + 1, updated_at = now()
     WHERE id = $1 AND (display_name, description, partition_count, retention_ms, message_format, schema_definition, compression_type, is_public, allowed_producers,
         allowed_consumers, status, durability, dedup_window_ms, max_queue_length)
       IS DISTINCT FROM ($2, $3, $4, $5, $6, $7::jsonb, $8, $9, $10::jsonb, $11::jsonb, $12, $13, $14, $15) RETURNING *`,
    [before.id, ...valuesOf(settings)],
  );
  await insertPartitions(tx, row.id, before.partition_count, row.partition_count);
  return row;
}

/** Every subscription gets what is published to the new partitions from their beginning: nobody could have skipped it. */
export async function coverNewPartitions(tx: SqlRunner, topicId: string, from: number): Promise<void> {
  await tx.execute(
    `INSERT INTO broker.subscription_cursors (subscription_id, partition_id, settled_offset)
     SELECT s.id, p.partition_id, p.first_offset - 1
     FROM broker.message_subscriptions s JOIN broker.topic_partitions p ON p.topic_id = s.topic_id
     WHERE s.topic_id = $1 AND p.partition_id >= $2 ON CONFLICT DO NOTHING`,
    [topicId, from],
  );
  await tx.execute(
    `INSERT INTO broker.delivery_feeds (subscription_id, partition_id, kind, next_offset)
     SELECT s.id, p.partition_id, 'order', p.first_offset
     FROM broker.message_subscriptions s JOIN broker.topic_partitions p ON p.topic_id = s.topic_id
     WHERE s.topic_id = $1 AND p.partition_id >= $2 AND s.is_ordered`,
    [topicId, from],
  );
}

/** Ends the subscriptions of others to a topic that is not public any more. @returns their ids. */
export async function stopForeignSubscriptions(tx: SqlRunner, topic: TopicRow): Promise<string[]> {
  const rows = await tx.query<{ readonly id: string }>(
    `UPDATE broker.message_subscriptions SET status = 'stopped', disabled_reason = 'the topic is no longer public', disabled_at = now(), updated_at = now(), version = version + 1
     WHERE topic_id = $1 AND tenant_id <> $2 AND status <> 'stopped' RETURNING id`,
    [topic.id, topic.tenant_id],
  );
  return rows.map(({ id }) => id);
}

export interface PartitionView {
  readonly partition: number;
  readonly firstOffset: number;
  readonly nextOffset: number;
}

export async function partitionsOf(runner: SqlRunner, topicId: string): Promise<PartitionView[]> {
  const rows = await runner.query<{ readonly partition_id: number; readonly first_offset: string; readonly next_offset: string }>(
    'SELECT partition_id, first_offset, next_offset FROM broker.topic_partitions WHERE topic_id = $1 ORDER BY partition_id',
    [topicId],
  );
  return rows.map((row) => ({ partition: row.partition_id, firstOffset: Number(row.first_offset), nextOffset: Number(row.next_offset) }));
}

/** Ids of the subscriptions of a topic: all, or those of one tenant. */
export async function subscriptionsOf(runner: SqlRunner, topicId: string, tenantId: string | null = null): Promise<string[]> {
  const rows = await runner.query<{ readonly id: string }>('SELECT id FROM broker.message_subscriptions WHERE topic_id = $1 AND ($2::uuid IS NULL OR tenant_id = $2)', [topicId, tenantId]);
  return rows.map(({ id }) => id);
}

async function insertPartitions(tx: SqlRunner, topicId: string, from: number, to: number): Promise<void> {
  await tx.execute('INSERT INTO broker.topic_partitions (topic_id, partition_id) SELECT $1, p FROM generate_series($2::int, $3::int - 1) AS p', [topicId, from, to]);
}

function valuesOf(it: TopicSettings): unknown[] {
  return [
    it.displayName,
    it.description,
    it.partitionCount,
    it.retentionMs,
    it.messageFormat,
    it.schemaDefinition === null ? null : JSON.stringify(it.schemaDefinition),
    it.compressionType,
    it.isPublic,
    JSON.stringify(it.allowedProducers),
    JSON.stringify(it.allowedConsumers),
    it.status,
    it.durability,
    it.dedupWindowMs,
    it.maxQueueLength,
  ];
}

/** Whether a topic holds messages that may still be read. */
export async function holdsMessages(tx: SqlRunner, topicId: string): Promise<boolean> {
  const rows = await tx.query('SELECT 1 FROM broker.topic_partitions WHERE topic_id = $1 AND next_offset > first_offset LIMIT 1', [topicId]);
  return rows.length > 0;
}
