import type { Sql } from '@angarium/database';
import { messageIdOf, numberOf } from '../load/message-book.js';

/** What Postgres says is still to be done; all 0 when nothing is. */
export interface Owed {
  /** Rows of the ledger that wait or are in flight. */
  readonly deliveries: number;
  readonly scheduled: number;
  /** Messages that some subscription's cursor has not passed. */
  readonly unsettled: number;
  /** Stretches of the record that are still to become rows, and messages that an ordered subscription has not begun. */
  readonly unfed: number;
}

const OWED = `
SELECT (SELECT count(*) FROM broker.deliveries WHERE status IN ('waiting', 'in_flight')) AS deliveries,
  (SELECT count(*) FROM broker.scheduled_messages WHERE status = 'waiting') AS scheduled,
  (SELECT coalesce(sum(p.next_offset - 1 - c.settled_offset), 0) FROM broker.subscription_cursors c
     JOIN broker.message_subscriptions s ON s.id = c.subscription_id
     JOIN broker.topic_partitions p ON p.topic_id = s.topic_id AND p.partition_id = c.partition_id WHERE NOT s.is_ordered) AS unsettled,
  (SELECT coalesce(sum(least(coalesce(f.until_offset + 1, p.next_offset), p.next_offset) - f.next_offset), 0) FROM broker.delivery_feeds f
     JOIN broker.message_subscriptions s ON s.id = f.subscription_id
     JOIN broker.topic_partitions p ON p.topic_id = s.topic_id AND p.partition_id = f.partition_id) AS unfed`;

/** Looks into Postgres past the broker. */
export class StoreFacts {
  constructor(private readonly sql: Sql) {}

  async owed(): Promise<Owed> {
    const [row] = await this.sql.query<Record<keyof Owed, string>>(OWED);
    return { deliveries: Number(row?.deliveries), scheduled: Number(row?.scheduled), unsettled: Number(row?.unsettled), unfed: Number(row?.unfed) };
  }

  /** The dead letters of each subscription, by its group. */
  async dead(): Promise<ReadonlyMap<string, ReadonlySet<number>>> {
    const rows = await this.sql.query<{ name: string; ids: string[] }>(
      `SELECT s.consumer_group AS name, array_agg(d.message_id) AS ids FROM broker.deliveries d
       JOIN broker.message_subscriptions s ON s.id = d.subscription_id WHERE d.status = 'dead' GROUP BY 1`,
    );
    return new Map(rows.map(({ name, ids }) => [name, new Set(ids.map(numberOf))]));
  }

  /** Messages of the topic `commit` that stand in the record more than once. */
  async storedTwice(): Promise<number[]> {
    const rows = await this.sql.query<{ id: string }>(
      `SELECT r.message_id AS id FROM broker.message_records r JOIN broker.message_topics t ON t.id = r.topic_id
       WHERE t.name = 'commit' GROUP BY 1 HAVING count(*) > 1`,
    );
    return rows.map(({ id }) => numberOf(id));
  }

  /** Partitions of the topic `commit` whose offsets have gaps or repeats, in words. */
  async brokenNumbering(): Promise<string[]> {
    const rows = await this.sql.query<{ partition_id: number; head: string; count: string; distinct_count: string }>(
      `SELECT p.partition_id, p.next_offset - 1 AS head, count(r.offset_value) AS count, count(DISTINCT r.offset_value) AS distinct_count
       FROM broker.topic_partitions p JOIN broker.message_topics t ON t.id = p.topic_id
         LEFT JOIN broker.message_records r ON r.topic_id = p.topic_id AND r.partition_id = p.partition_id
       WHERE t.name = 'commit' GROUP BY 1, 2`,
    );
    return rows
      .filter((row) => row.head !== row.count || row.count !== row.distinct_count)
      .map((row) => `partition ${row.partition_id}: the last offset is ${row.head}, with ${row.count} records of ${row.distinct_count} offsets`);
  }

  /** When each of these messages was recorded, by Date.now(); those that are not are left out. Postgres must keep commit timestamps. */
  async recordedAtMs(ns: readonly number[]): Promise<ReadonlyMap<number, number>> {
    const rows = await this.sql.query<{ id: string; at: Date }>(
      `SELECT message_id AS id, min(pg_xact_commit_timestamp(xmin)) AS at FROM broker.message_records WHERE message_id = ANY($1) GROUP BY 1`,
      [ns.map(messageIdOf)],
    );
    return new Map(rows.map(({ id, at }) => [numberOf(id), at.getTime()]));
  }

  /** Everything that Postgres knows of a message, as JSON lines. */
  async evidence(n: number): Promise<string[]> {
    const id = [messageIdOf(n)];
    const [records, deliveries, attempts] = await Promise.all([
      this.sql.query<{ row: object }>(
        `SELECT jsonb_build_object('topic', t.name, 'partition', r.partition_id, 'offset', r.offset_value, 'publishedAt', r.published_at, 'recordedAt', pg_xact_commit_timestamp(r.xmin)) AS row
         FROM broker.message_records r JOIN broker.message_topics t ON t.id = r.topic_id WHERE r.message_id = $1`,
        id,
      ),
      this.sql.query<{ row: object }>(
        `SELECT jsonb_build_object('group', s.consumer_group, 'partition', d.partition_id, 'offset', d.offset_value, 'status', d.status, 'attempts', d.attempts,
           'error', d.last_error, 'createdAt', d.created_at, 'updatedAt', d.updated_at) AS row
         FROM broker.deliveries d JOIN broker.message_subscriptions s ON s.id = d.subscription_id WHERE d.message_id = $1`,
        id,
      ),
      this.sql.query<{ row: object }>(
        `SELECT jsonb_build_object('group', s.consumer_group, 'at', a.consumed_at, 'status', a.status, 'by', a.consumer_instance, 'partition', a.partition_id,
           'offset', a.offset_value, 'error', a.error_message) AS row
         FROM broker.consumption_records a JOIN broker.message_subscriptions s ON s.id = a.subscription_id WHERE a.message_id = $1 ORDER BY a.consumed_at`,
        id,
      ),
    ]);
    const lines = (what: string, rows: readonly { row: object }[]) => rows.map(({ row }) => `${what} ${JSON.stringify(row)}`);
    return [...lines('record', records), ...lines('delivery', deliveries), ...lines('attempt', attempts)];
  }
}
