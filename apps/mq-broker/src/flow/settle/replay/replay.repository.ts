import type { SqlRunner } from '@angarium/database';
import { lastOffsetBefore } from '../../../catalog/subscriptions/cursor.repository.js';
import { reviveRecords } from '../dead-letters/redrive.repository.js';

/** What of a topic's log is delivered again. */
export interface Stretch {
  readonly subscriptionId: string;
  /** Null: all. */
  readonly partition: number | null;
  /** First offset; null: by the time. */
  readonly fromOffset: number | null;
  /** ISO 8601; null: by the offset. */
  readonly fromTime: string | null;
  /** Last offset, included; null: what is published by now. */
  readonly untilOffset: number | null;
}

/** Up to where records may become rows out of turn: an ordered subscription gets the rest from its order feed, and before that would be too early. */
const FEED_LIMIT = `coalesce((SELECT min(f.next_offset) FROM broker.delivery_feeds f WHERE f.subscription_id = s.id AND f.partition_id = p.partition_id AND f.kind = 'order'), p.next_offset) - 1`;

/** Makes feeds for a stretch of the log. @returns how many messages they hold; those that were purged are not among them. */
export async function insertReplayFeeds(tx: SqlRunner, { subscriptionId, partition, fromOffset, fromTime, untilOffset }: Stretch): Promise<number> {
  const [row] = await tx.query<{ readonly count: string }>(
    `WITH stretch AS (
       SELECT p.partition_id,
         greatest(p.first_offset, CASE WHEN $3::bigint IS NOT NULL THEN $3 ELSE ${lastOffsetBefore('$4::timestamptz')} + 1 END) AS first,
         least(p.next_offset - 1, $5::bigint, ${FEED_LIMIT}) AS last
       FROM broker.message_subscriptions s JOIN broker.topic_partitions p ON p.topic_id = s.topic_id
       WHERE s.id = $1 AND ($2::int IS NULL OR p.partition_id = $2)
     ), fed AS (
       INSERT INTO broker.delivery_feeds (subscription_id, partition_id, kind, next_offset, until_offset)
       SELECT $1, partition_id, 'replay', first, last FROM stretch WHERE first <= last
     )
     SELECT coalesce(sum(greatest(0, last - first + 1)), 0) AS count FROM stretch`,
    [subscriptionId, partition, fromOffset, fromTime, untilOffset],
  );
  return Number(row?.count ?? 0);
}

export interface FoundMessage {
  readonly partition: number;
  readonly offset: string;
}

/** The youngest message of this id in the topic of a subscription. */
export async function findForReplay(tx: SqlRunner, subscriptionId: string, messageId: string): Promise<FoundMessage | undefined> {
  const [row] = await tx.query<FoundMessage>(
    `SELECT r.partition_id AS partition, r.offset_value AS offset
     FROM broker.message_subscriptions s JOIN broker.topic_partitions p ON p.topic_id = s.topic_id
     JOIN broker.message_records r ON r.topic_id = p.topic_id AND r.partition_id = p.partition_id AND r.offset_value >= p.first_offset
     WHERE s.id = $1 AND r.message_id = $2 ORDER BY r.published_at DESC, r.offset_value DESC LIMIT 1`,
    [subscriptionId, messageId],
  );
  return row;
}

/** Makes one message wait again, with a fresh series of attempts. @returns how many: 0 when it is being delivered now, or its turn is yet to come. */
export async function replayMessage(tx: SqlRunner, subscriptionId: string, { partition, offset }: FoundMessage): Promise<number> {
  const rows = await tx.query<{ readonly topic_id: string; readonly partition_id: number; readonly offset_value: string; readonly published_at: Date }>(
    `INSERT INTO broker.deliveries AS d (subscription_id, topic_id, partition_id, offset_value, published_at, message_id, message_key, tenant_id)
     SELECT s.id, r.topic_id, r.partition_id, r.offset_value, r.published_at, r.message_id, r.message_key, s.tenant_id
     FROM broker.message_subscriptions s JOIN broker.topic_partitions p ON p.topic_id = s.topic_id
     JOIN broker.message_records r ON r.topic_id = p.topic_id AND r.partition_id = p.partition_id
     WHERE s.id = $1 AND p.partition_id = $2 AND r.offset_value = $3 AND r.offset_value <= ${FEED_LIMIT}
     ON CONFLICT (subscription_id, partition_id, offset_value) DO UPDATE
       SET status = 'waiting', attempts = 0, next_attempt_at = now(), lease_token = NULL, lease_until = NULL, died_at = NULL, updated_at = now()
       WHERE d.status <> 'in_flight'
     RETURNING d.topic_id, d.partition_id, d.offset_value, d.published_at`,
    [subscriptionId, partition, offset],
  );
  await reviveRecords(tx, rows);
  return rows.length;
}
