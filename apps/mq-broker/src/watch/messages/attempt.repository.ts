import type { QueryOf } from '@angarium/contracts';
import type { AttemptView, ListAttempts } from '@angarium/contracts/broker-api';
import type { SqlRunner } from '@angarium/database';
import { timeCursor } from '../../catalog/page-cursor.js';

export interface AttemptRow {
  readonly id: string;
  readonly subscription_id: string;
  readonly message_id: string;
  readonly consumer_instance: string;
  readonly status: AttemptView['status'];
  readonly processing_time_ms: number | null;
  readonly error_message: string | null;
  readonly response_status: number | null;
  readonly response_head: string | null;
  readonly retry_count: number;
  readonly consumed_at: Date;
  readonly next_retry_at: Date | null;
}

/** Of one message; a message has more only when it was replayed or redriven again and again. */
export const MAX_ATTEMPTS_SHOWN = 200;

/** One row more than the limit, where there are more. Youngest first. */
export async function listAttempts(runner: SqlRunner, subscriptionId: string, query: QueryOf<typeof ListAttempts>): Promise<AttemptRow[]> {
  const [at, id] = timeCursor.decode(query.cursor) ?? [null, null];
  return runner.query<AttemptRow>(
    `SELECT a.* FROM broker.consumption_records a
     WHERE a.subscription_id = $1 AND ($2::text IS NULL OR a.status = $2) AND ($3::timestamptz IS NULL OR (a.consumed_at, a.id) < ($3, $4::uuid))
     ORDER BY a.consumed_at DESC, a.id DESC LIMIT $5`,
    [subscriptionId, query.status ?? null, at, id, query.limit + 1],
  );
}

/** The attempts of one message at these subscriptions, youngest first, at most MAX_ATTEMPTS_SHOWN. */
export async function attemptsOf(runner: SqlRunner, subscriptionIds: readonly string[], message: { message_id: string; partition_id: number; offset_value: string }): Promise<AttemptRow[]> {
  if (subscriptionIds.length === 0) return [];
  return runner.query<AttemptRow>(
    `SELECT a.* FROM broker.consumption_records a
     WHERE a.message_id = $1 AND a.subscription_id = ANY($2::uuid[]) AND coalesce(a.partition_id, $3) = $3 AND coalesce(a.offset_value, $4) = $4
     ORDER BY a.consumed_at DESC, a.id DESC LIMIT $5`,
    [message.message_id, subscriptionIds, message.partition_id, message.offset_value, MAX_ATTEMPTS_SHOWN],
  );
}

export function toAttemptView(row: AttemptRow): AttemptView {
  return {
    subscriptionId: row.subscription_id,
    messageId: row.message_id,
    at: row.consumed_at.toISOString(),
    status: row.status,
    attempt: row.retry_count + 1,
    durationMs: row.processing_time_ms,
    responseStatus: row.response_status,
    responseHead: row.response_head,
    error: row.error_message,
    nextAttemptAt: row.next_retry_at?.toISOString() ?? null,
    instance: row.consumer_instance,
  };
}
