import { toArrayLiteral, type SqlRunner } from '@angarium/database';

/** A schedule whose time has come, with its topic as it is now. */
export interface DueSchedule {
  readonly id: string;
  readonly tenant_id: string;
  readonly topic_id: string;
  readonly due_at: Date;
  /** Postgres' clock when it was taken. */
  readonly now: Date;
  readonly cron: string | null;
  readonly time_zone: string | null;
  readonly message_key: string | null;
  readonly partition_id: number | null;
  readonly message_id: string | null;
  readonly message_type: string;
  readonly correlation_id: string | null;
  /** JSON texts. */
  readonly headers: string;
  readonly payload: string;
  /** BIGINT as text. */
  readonly expires_in_ms: string | null;
  readonly producer_id: string | null;
  /** Null: the topic is gone. */
  readonly topic_status: 'active' | 'paused' | 'archived' | null;
  readonly durability: 'commit' | 'stream' | null;
  readonly partition_count: number | null;
  readonly dedup_window_ms: string | null;
}

/** What becomes of a schedule that was due. */
export interface ScheduleOutcome {
  readonly id: string;
  readonly status: 'waiting' | 'published' | 'failed';
  /** Its next time; null leaves it. */
  readonly dueAt: Date | null;
  /** The message that was published; null where none was. */
  readonly messageId: string | null;
  readonly error: string | null;
}

// statement_timestamp() lies before the moment at which a row is read, so nothing is taken early; and unlike clock_timestamp() it may bound the walk over the index.
const WAIT = `
SELECT (extract(epoch FROM due_at - statement_timestamp()) * 1000)::float8 AS wait_ms
FROM broker.scheduled_messages WHERE status = 'waiting' ORDER BY due_at LIMIT 1`;
// due_at is what the lock saw: the rest of a row never changes, so its older version does.
const TAKE = `
WITH due AS MATERIALIZED (
  SELECT id, due_at, octet_length(payload::text) AS size FROM broker.scheduled_messages
  WHERE status = 'waiting' AND due_at <= statement_timestamp() ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED
), counted AS (
  SELECT id, due_at, sum(size) OVER (ORDER BY due_at, id) - size AS size_before FROM due
)
SELECT s.id, s.tenant_id, s.topic_id, c.due_at, clock_timestamp() AS now, s.cron, s.time_zone, s.message_key, s.partition_id, s.message_id, s.message_type,
  s.correlation_id, s.headers::text AS headers, s.payload::text AS payload, s.expires_in_ms, s.producer_id,
  t.status AS topic_status, t.durability, t.partition_count, t.dedup_window_ms
FROM counted c JOIN broker.scheduled_messages s ON s.id = c.id LEFT JOIN broker.message_topics t ON t.id = s.topic_id
WHERE c.size_before < $2 ORDER BY c.due_at, c.id`;
const SETTLE = `
UPDATE broker.scheduled_messages s
SET status = x.status, due_at = coalesce(x.due_at, s.due_at), last_error = x.error, last_message_id = coalesce(x.message_id, s.last_message_id),
  published_count = s.published_count + (x.message_id IS NOT NULL)::int, updated_at = clock_timestamp()
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[], $5::text[]) AS x(id, status, due_at, message_id, error)
WHERE s.id = x.id`;

/** Schedules as the promoter sees them. All functions throw DATABASE_UNAVAILABLE, DATABASE_BUSY. */
export const dueRepository = {
  /** How long until the next schedule is due, by Postgres' clock; 0 or less: one is. Undefined: none waits. */
  async waitMs(sql: SqlRunner): Promise<number | undefined> {
    const [row] = await sql.query<{ wait_ms: number }>(WAIT, [], 'schedules-wait');
    return row?.wait_ms;
  },

  /**
   * Takes what is due and nobody else has taken, the longest due first, until the transaction ends: at most `limit` schedules,
   * and no further one once their payloads reach `maxBytes`.
   */
  takeDue(tx: SqlRunner, limit: number, maxBytes: number): Promise<DueSchedule[]> {
    return tx.query<DueSchedule>(TAKE, [limit, maxBytes], 'schedules-take');
  },

  /** Writes what became of those that were taken, in the same transaction. */
  async settle(tx: SqlRunner, outcomes: readonly ScheduleOutcome[]): Promise<void> {
    const column = (read: (it: ScheduleOutcome) => string | Date | null) => toArrayLiteral(outcomes.map(read));
    const columns = [column((it) => it.id), column((it) => it.status), column((it) => it.dueAt), column((it) => it.messageId), column((it) => it.error)];
    await tx.execute(SETTLE, columns, 'schedules-settle');
  },
};
