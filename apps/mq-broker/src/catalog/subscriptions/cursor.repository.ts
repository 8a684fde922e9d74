import type { SqlRunner } from '@angarium/database';

/** Where a new subscription begins. */
export type Beginning =
  | { readonly kind: 'earliest' | 'latest' }
  /** In the other partitions at the latest. */
  | { readonly kind: 'offset'; readonly partition: number; readonly offset: number }
  /** At the first message that was published then or later. */
  | { readonly kind: 'time'; readonly time: string };

export interface CursorView {
  readonly partition: number;
  readonly settledOffset: number;
  /** How many messages follow it. */
  readonly lag: number;
}

/** What a subscription owes and has given up, besides its lag. */
export interface OwedCounts {
  readonly waitingCount: number;
  readonly deadCount: number;
}

/**
 * The last offset before a moment ($time), as SQL over a partition `p`: times run with the offsets within a partition, and what is older than
 * all records is before the first one.
 */
export const lastOffsetBefore = (time: string): string =>
  `greatest(p.first_offset - 1, coalesce((SELECT max(r.offset_value) FROM broker.message_records r
     WHERE r.topic_id = p.topic_id AND r.partition_id = p.partition_id AND r.published_at < ${time}), 0))`;

/** Puts a new subscription in front of every partition's first message for it. */
export async function placeCursors(tx: SqlRunner, subscriptionId: string, topicId: string, beginning: Beginning): Promise<void> {
  const { partition = null, offset = null } = beginning.kind === 'offset' ? beginning : {};
  await tx.execute(
    `INSERT INTO broker.subscription_cursors (subscription_id, partition_id, settled_offset)
     SELECT $1, p.partition_id, CASE
       WHEN $3 = 'earliest' THEN p.first_offset - 1
       WHEN $3 = 'time' THEN ${lastOffsetBefore('$4::timestamptz')}
       WHEN $3 = 'offset' AND p.partition_id = $5::int THEN least(greatest($6::bigint, p.first_offset), p.next_offset) - 1
       ELSE p.next_offset - 1 END
     FROM broker.topic_partitions p WHERE p.topic_id = $2`,
    [subscriptionId, topicId, beginning.kind, beginning.kind === 'time' ? beginning.time : null, partition, offset],
  );
}

/** Makes an ordered subscription follow the log from its cursors on, for ever: it has no consumer group. */
export async function followLog(tx: SqlRunner, subscriptionId: string): Promise<void> {
  await tx.execute(
    `INSERT INTO broker.delivery_feeds (subscription_id, partition_id, kind, next_offset)
     SELECT subscription_id, partition_id, 'order', settled_offset + 1 FROM broker.subscription_cursors WHERE subscription_id = $1`,
    [subscriptionId],
  );
}

export async function cursorsOf(runner: SqlRunner, subscriptionId: string): Promise<CursorView[]> {
  const rows = await runner.query<{ readonly partition_id: number; readonly settled_offset: string; readonly lag: string }>(
    `SELECT c.partition_id, c.settled_offset, greatest(0, p.next_offset - 1 - greatest(c.settled_offset, p.first_offset - 1)) AS lag
     FROM broker.subscription_cursors c JOIN broker.message_subscriptions s ON s.id = c.subscription_id
     JOIN broker.topic_partitions p ON p.topic_id = s.topic_id AND p.partition_id = c.partition_id
     WHERE c.subscription_id = $1 ORDER BY c.partition_id`,
    [subscriptionId],
  );
  return rows.map((row) => ({ partition: row.partition_id, settledOffset: Number(row.settled_offset), lag: Number(row.lag) }));
}

export async function countOwed(runner: SqlRunner, subscriptionId: string): Promise<OwedCounts> {
  // one count for each partial index
  const [row] = await runner.query<{ readonly waiting: string; readonly in_flight: string; readonly dead: string }>(
    `SELECT (SELECT count(*) FROM broker.deliveries WHERE subscription_id = $1 AND status = 'waiting') AS waiting,
       (SELECT count(*) FROM broker.deliveries WHERE subscription_id = $1 AND status = 'in_flight') AS in_flight,
       (SELECT count(*) FROM broker.deliveries WHERE subscription_id = $1 AND status = 'dead') AS dead`,
    [subscriptionId],
  );
  return { waitingCount: Number(row?.waiting ?? 0) + Number(row?.in_flight ?? 0), deadCount: Number(row?.dead ?? 0) };
}
