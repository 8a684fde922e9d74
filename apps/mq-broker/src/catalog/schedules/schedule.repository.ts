import type { ScheduleView } from '@angarium/contracts/broker-api';
import type { SqlRunner } from '@angarium/database';

export type ScheduleStatus = ScheduleView['status'];

/** When it is due: so long after now by Postgres' clock, or at a time (milliseconds since 1970). */
export type Due = { readonly delayMs: number } | { readonly atMs: number };

export interface NewSchedule {
  readonly id: string;
  readonly tenantId: string;
  readonly topicId: string;
  readonly due: Due;
  /** Null: once. */
  readonly cron: string | null;
  readonly timeZone: string | null;
  readonly key: string | null;
  readonly partition: number | null;
  readonly messageId: string | null;
  readonly type: string;
  readonly correlationId: string | null;
  readonly headersJson: string;
  readonly payloadJson: string;
  readonly expiresInMs: number | null;
  readonly producer: string;
}

export interface ScheduleFilter {
  readonly tenantId: string;
  readonly topic: string | null;
  readonly status: ScheduleStatus | null;
  /** Id of the last one of the page before. */
  readonly after: string | null;
  readonly limit: number;
}

interface Row {
  readonly id: string;
  readonly topic: string | null;
  readonly kind: ScheduleView['kind'];
  readonly status: ScheduleStatus;
  readonly due_at: Date;
  readonly cron: string | null;
  readonly time_zone: string | null;
  readonly published_count: number;
  readonly last_message_id: string | null;
  readonly last_error: string | null;
  readonly created_at: Date;
}

const VIEW = `s.id, t.name AS topic, s.kind, s.status, s.due_at, s.cron, s.time_zone, s.published_count, s.last_message_id, s.last_error, s.created_at`;
const WITH_TOPIC = 'broker.scheduled_messages s LEFT JOIN broker.message_topics t ON t.id = s.topic_id';
// the column keeps milliseconds: rounded up, since rounded down would be early
const INSERT = `
WITH s AS (
  INSERT INTO broker.scheduled_messages (id, tenant_id, topic_id, kind, due_at, cron, time_zone, message_key, partition_id, message_id, message_type,
    correlation_id, headers, payload, expires_in_ms, producer_id)
  VALUES ($1, $2, $3, CASE WHEN $6::text IS NULL THEN 'once' ELSE 'cron' END,
    coalesce($4::timestamptz, date_trunc('milliseconds', clock_timestamp() + $5::bigint * interval '1 millisecond' + interval '999 microseconds')),
    $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
  RETURNING *
)
SELECT ${VIEW} FROM s LEFT JOIN broker.message_topics t ON t.id = s.topic_id`;
const FIND = `SELECT ${VIEW} FROM ${WITH_TOPIC} WHERE s.tenant_id = $1 AND s.id = $2`;
const LIST = `
SELECT ${VIEW} FROM ${WITH_TOPIC}
WHERE s.tenant_id = $1 AND ($2::uuid IS NULL OR s.id < $2) AND ($3::text IS NULL OR t.name = $3) AND ($4::text IS NULL OR s.status = $4)
ORDER BY s.id DESC LIMIT $5`;
const SET_STATUS = `
UPDATE broker.scheduled_messages SET status = $3, due_at = coalesce($4::timestamptz, due_at), version = version + 1, updated_at = clock_timestamp()
WHERE tenant_id = $1 AND id = $2`;
const REMOVE_ENDED = `
DELETE FROM broker.scheduled_messages WHERE id IN (
  SELECT id FROM broker.scheduled_messages
  WHERE status IN ('published', 'cancelled', 'failed') AND updated_at < clock_timestamp() - $1 * interval '1 millisecond' LIMIT $2 FOR UPDATE SKIP LOCKED)`;

/** The schedules of tenants as their owners see and change them. All functions throw DATABASE_UNAVAILABLE, DATABASE_BUSY. */
export const scheduleRepository = {
  async insert(sql: SqlRunner, it: NewSchedule): Promise<ScheduleView> {
    const at = 'atMs' in it.due ? new Date(it.due.atMs).toISOString() : null;
    const delayMs = 'delayMs' in it.due ? it.due.delayMs : null;
    const place = [it.id, it.tenantId, it.topicId, at, delayMs, it.cron, it.timeZone];
    const message = [it.key, it.partition, it.messageId, it.type, it.correlationId, it.headersJson, it.payloadJson, it.expiresInMs, it.producer];
    const [row] = await sql.query<Row>(INSERT, [...place, ...message]);
    if (row === undefined) throw new RangeError('an insert answered no row');
    return toView(row);
  },

  async find(sql: SqlRunner, tenantId: string, id: string): Promise<ScheduleView | undefined> {
    const [row] = await sql.query<Row>(FIND, [tenantId, id]);
    return row && toView(row);
  },

  /** As `find`, and nobody else changes it (the promoter neither) until the transaction ends. */
  async lock(tx: SqlRunner, tenantId: string, id: string): Promise<ScheduleView | undefined> {
    const [row] = await tx.query<Row>(`${FIND} FOR UPDATE OF s`, [tenantId, id]);
    return row && toView(row);
  },

  /** Youngest first. */
  async list(sql: SqlRunner, { tenantId, after, topic, status, limit }: ScheduleFilter): Promise<ScheduleView[]> {
    const rows = await sql.query<Row>(LIST, [tenantId, after, topic, status, limit]);
    return rows.map(toView);
  },

  async setStatus(tx: SqlRunner, tenantId: string, id: string, status: ScheduleStatus, dueAtMs?: number): Promise<void> {
    await tx.execute(SET_STATUS, [tenantId, id, status, dueAtMs === undefined ? null : new Date(dueAtMs).toISOString()]);
  },

  /** Postgres' clock, in milliseconds since 1970: it decides what is due. */
  async now(sql: SqlRunner): Promise<number> {
    const [row] = await sql.query<{ now: Date }>('SELECT clock_timestamp() AS now');
    if (row === undefined) throw new RangeError('a select answered no row');
    return row.now.getTime();
  },

  /** Removes at most `limit` schedules that ended more than `olderThanMs` ago. @returns how many. */
  removeEnded(sql: SqlRunner, olderThanMs: number, limit = 1_000): Promise<number> {
    return sql.execute(REMOVE_ENDED, [olderThanMs, limit]);
  },
};

function toView(row: Row): ScheduleView {
  return {
    id: row.id,
    topic: row.topic ?? '(deleted)',
    kind: row.kind,
    status: row.status,
    dueAt: row.due_at.toISOString(),
    cron: row.cron,
    timeZone: row.time_zone,
    publishedCount: row.published_count,
    lastMessageId: row.last_message_id,
    lastError: row.last_error,
    createdAt: row.created_at.toISOString(),
  };
}
