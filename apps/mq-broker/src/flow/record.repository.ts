import { toArrayLiteral, type Sql, type SqlRunner } from '@angarium/database';
import type { BrokerMessage } from './broker-message.js';
import type { PartitionId } from './partition-streams.js';

interface RecordRow {
  readonly topic_id: string;
  readonly partition_id: number;
  readonly offset_value: string;
  readonly message_id: string;
  readonly message_type: string;
  readonly message_key: string | null;
  readonly correlation_id: string | null;
  readonly headers: string;
  readonly payload: string | null;
  readonly content_type: string;
  readonly published_at: Date;
  readonly expires_at: Date | null;
  readonly trace_id: string | null;
  readonly tenant_id: string;
  readonly producer_id: string | null;
}

/** Columns of a record from which a BrokerMessage is made, JSON as text: `r` is the record. */
export const recordColumns = `r.topic_id, r.partition_id, r.offset_value, r.message_id, r.message_type, r.message_key, r.correlation_id,
  r.headers::text AS headers, r.payload::text AS payload, r.content_type, r.published_at, r.expires_at, r.trace_id, r.tenant_id, r.producer_id`;

export function fromRecord(row: RecordRow): BrokerMessage {
  return {
    ...{ topicId: row.topic_id, partition: row.partition_id, offset: Number(row.offset_value), messageId: row.message_id, type: row.message_type },
    ...{ key: row.message_key, correlationId: row.correlation_id, headers: row.headers, payload: row.payload ?? 'null', contentType: row.content_type },
    ...{ publishedAt: row.published_at, expiresAt: row.expires_at, traceparent: row.trace_id, tenantId: row.tenant_id, producer: row.producer_id },
  };
}

/** More than all replicas together have acknowledged of one partition and not recorded (see append-at-once.ts). */
const LOST_NUMBERS = 1_000_000;

/** Reads of the record, which fill what Redis does not have. */
export class RecordRepository {
  constructor(private readonly sql: Sql) {}

  /** Messages from an offset on, oldest first. */
  async range({ topicId, partition }: PartitionId, from: number, until: number, limit: number): Promise<BrokerMessage[]> {
    const rows = await this.sql.query<RecordRow>(
      `SELECT ${recordColumns} FROM broker.message_records r
       WHERE r.topic_id = $1 AND r.partition_id = $2 AND r.offset_value BETWEEN $3 AND $4 ORDER BY r.offset_value LIMIT $5`,
      [topicId, partition, from, until, limit],
      'record-range',
    );
    return rows.map(fromRecord);
  }

  /** Those of these messages that are recorded. */
  async some({ topicId, partition }: PartitionId, offsets: readonly number[]): Promise<BrokerMessage[]> {
    if (offsets.length === 0) return [];
    const rows = await this.sql.query<RecordRow>(
      `SELECT ${recordColumns} FROM broker.message_records r WHERE r.topic_id = $1 AND r.partition_id = $2 AND r.offset_value = ANY($3::bigint[])`,
      [topicId, partition, toArrayLiteral(offsets)],
    );
    return rows.map(fromRecord);
  }

  /** Where every partition's numbering stands. */
  async heads(): Promise<(PartitionId & { readonly head: number; readonly isStreamOnly: boolean })[]> {
    const rows = await this.sql.query<{ topic_id: string; partition_id: number; head: string; is_stream: boolean }>(
      `SELECT p.topic_id, p.partition_id, p.next_offset - 1 AS head, t.durability = 'stream' AS is_stream
       FROM broker.topic_partitions p JOIN broker.message_topics t ON t.id = p.topic_id`,
      [],
      'partition-heads',
    );
    return rows.map((row) => ({ topicId: row.topic_id, partition: row.partition_id, head: Number(row.head), isStreamOnly: row.is_stream }));
  }

  /**
   * Up to which offset every subscription that reads the stream has settled: what follows must be in the stream. With durability `stream` the
   * numbers are made in Redis: see `beginStreamOnly`.
   * @returns undefined when there is no such partition.
   */
  async settledByAll({ topicId, partition }: PartitionId): Promise<{ readonly base: number; readonly head: number; readonly isStreamOnly: boolean } | undefined> {
    const [row] = await this.sql.query<{ base: string; head: string; is_stream: boolean }>(
      `SELECT p.next_offset - 1 AS head, t.durability = 'stream' AS is_stream,
         greatest(p.first_offset - 1, coalesce((SELECT min(c.settled_offset) FROM broker.subscription_cursors c
           JOIN broker.message_subscriptions s ON s.id = c.subscription_id
           WHERE s.topic_id = p.topic_id AND c.partition_id = p.partition_id AND NOT s.is_ordered), p.next_offset - 1)) AS base
       FROM broker.topic_partitions p JOIN broker.message_topics t ON t.id = p.topic_id WHERE p.topic_id = $1 AND p.partition_id = $2`,
      [topicId, partition],
    );
    return row && { base: Number(row.base), head: Number(row.head), isStreamOnly: row.is_stream };
  }

  /**
   * Begins the stream of a partition with durability `stream`, whose numbers are made in Redis. One that Redis lost goes on behind a gap: numbers
   * that were acknowledged may not be recorded yet, or never will be, and no number may mean two messages. What is recorded is fed to whoever has not had it.
   * @param begin answers whether the stream was missing; called while nobody else can begin it.
   */
  async beginStreamOnly({ topicId, partition }: PartitionId, begin: (base: number) => Promise<boolean>): Promise<void> {
    await this.sql.transaction(async (tx) => {
      const [row] = await tx.query<{ head: string; lives: number }>(
        'SELECT next_offset - 1 AS head, stream_lives AS lives FROM broker.topic_partitions WHERE topic_id = $1 AND partition_id = $2 FOR UPDATE',
        [topicId, partition],
      );
      if (row === undefined) return;
      const base = Number(row.head) + (row.lives === 0 ? 0 : LOST_NUMBERS);
      if (!(await begin(base))) return;
      await tx.execute('UPDATE broker.topic_partitions SET next_offset = $3::bigint + 1, stream_lives = stream_lives + 1 WHERE topic_id = $1 AND partition_id = $2', [topicId, partition, base]);
      // who had everything has everything still, and owes nothing of the gap
      await tx.execute(
        `UPDATE broker.subscription_cursors c SET settled_offset = $3 FROM broker.message_subscriptions s
         WHERE s.id = c.subscription_id AND s.topic_id = $1 AND c.partition_id = $2 AND c.settled_offset = $4`,
        [topicId, partition, base, row.head],
      );
    });
  }

  /** Notes what a topic with durability `stream` has appended, once however often it is called. */
  async record(runner: SqlRunner, messages: readonly BrokerMessage[]): Promise<void> {
    for (const it of messages) {
      await runner.query(
        `INSERT INTO broker.message_records (topic_id, partition_id, offset_value, message_id, message_type, message_key, correlation_id, headers, payload,
           payload_size, content_type, published_at, expires_at, trace_id, tenant_id, producer_id)
         VALUES ($1, $2, $3, $4, $5, $6, nullif($7, ''), $8, $9::text::json, octet_length($9::text), $10, $11, $12, $13, $14, $15) ON CONFLICT DO NOTHING`,
        [
          ...[it.topicId, it.partition, it.offset, it.messageId, it.type, it.key, it.correlationId, it.headers, it.payload],
          ...[it.contentType, it.publishedAt, it.expiresAt, it.traceparent, it.tenantId, it.producer],
        ],
        'record-message',
      );
    }
    const tops = new Map(messages.map((it) => [`${it.topicId} ${it.partition}`, it] as const));
    for (const { topicId, partition, offset } of tops.values()) {
      await runner.query(
        'UPDATE broker.topic_partitions SET next_offset = greatest(next_offset, $3::bigint + 1) WHERE topic_id = $1 AND partition_id = $2',
        [topicId, partition, offset],
        'record-head',
      );
    }
  }
}
