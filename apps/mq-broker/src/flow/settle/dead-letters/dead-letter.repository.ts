import type { AnswerOf, QueryOf } from '@angarium/contracts';
import type { GetDeadLetter, ListDeadLetters } from '@angarium/contracts/broker-api';
import type { SqlRunner } from '@angarium/database';
import { timeCursor } from '../../../catalog/page-cursor.js';

export type DeadLetterDetail = AnswerOf<typeof GetDeadLetter>;
export type DeadLetterView = AnswerOf<typeof ListDeadLetters>['items'][number];

/** Which dead letters of a subscription are meant; what is left out does not matter. */
export interface DeadLetterFilter {
  readonly subscriptionId: string;
  /** A part of the reason, in whatever case. */
  readonly reason?: string | undefined;
  /** When it died: from … to, ISO 8601, both included. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

export interface DeadLetterRow {
  readonly id: string;
  readonly subscription_id: string;
  readonly message_id: string;
  readonly partition_id: number;
  readonly offset_value: string;
  readonly message_key: string | null;
  readonly attempts: number;
  readonly redrives: number;
  readonly last_error: string | null;
  readonly published_at: Date;
  readonly died_at: Date;
}

/** A delivery `d` that is dead and fits the filter, as SQL over $1 … $4 (see `filterValues`). */
export const FITS = `d.subscription_id = $1 AND d.status = 'dead' AND ($2::text IS NULL OR strpos(lower(d.last_error), lower($2)) > 0)
  AND ($3::timestamptz IS NULL OR d.died_at >= $3) AND ($4::timestamptz IS NULL OR d.died_at <= $4)`;
export const filterValues = ({ subscriptionId, reason, since, until }: DeadLetterFilter): readonly (string | null)[] => [subscriptionId, reason ?? null, since ?? null, until ?? null];

/** One row more than the limit, where there are more. Those that died first come first. */
export async function listDeadLetters(runner: SqlRunner, subscriptionId: string, query: QueryOf<typeof ListDeadLetters>): Promise<DeadLetterRow[]> {
  const [diedAt, id] = timeCursor.decode(query.cursor) ?? [null, null];
  return runner.query<DeadLetterRow>(
    `SELECT d.* FROM broker.deliveries d WHERE ${FITS} AND ($5::timestamptz IS NULL OR (d.died_at, d.id) > ($5, $6::uuid)) ORDER BY d.died_at, d.id LIMIT $7`,
    [...filterValues({ ...query, subscriptionId }), diedAt, id, query.limit + 1],
  );
}

export async function countDeadLetters(runner: SqlRunner, filter: DeadLetterFilter): Promise<number> {
  const [row] = await runner.query<{ readonly count: string }>(`SELECT count(*) AS count FROM broker.deliveries d WHERE ${FITS}`, filterValues(filter));
  return Number(row?.count ?? 0);
}

/** @param isLocked until the transaction ends nobody else redrives or discards it. */
export async function findDeadLetter(runner: SqlRunner, subscriptionId: string, id: string, isLocked = false): Promise<DeadLetterRow | undefined> {
  const [row] = await runner.query<DeadLetterRow>(
    `SELECT d.* FROM broker.deliveries d WHERE d.subscription_id = $1 AND d.id = $2 AND d.status = 'dead' ${isLocked ? 'FOR UPDATE' : ''}`,
    [subscriptionId, id],
  );
  return row;
}

/** The dead letter with its message. The message is gone where its retention has passed. */
export async function readDeadLetter(runner: SqlRunner, subscriptionId: string, id: string): Promise<DeadLetterDetail | undefined> {
  const [row] = await runner.query<DeadLetterRow & { readonly message_type: string; readonly headers: Record<string, string>; readonly payload: unknown }>(
    `SELECT d.*, coalesce(r.message_type, t.name) AS message_type, coalesce(r.headers, '{}') AS headers, r.payload
     FROM broker.deliveries d JOIN broker.message_topics t ON t.id = d.topic_id
     LEFT JOIN broker.message_records r
       ON r.topic_id = d.topic_id AND r.partition_id = d.partition_id AND r.offset_value = d.offset_value AND r.published_at = d.published_at
     WHERE d.subscription_id = $1 AND d.id = $2 AND d.status = 'dead'`,
    [subscriptionId, id],
  );
  return row && { ...toDeadLetterView(row), type: row.message_type, headers: row.headers, payload: row.payload };
}

export function toDeadLetterView(row: DeadLetterRow): DeadLetterView {
  return {
    id: row.id,
    subscriptionId: row.subscription_id,
    messageId: row.message_id,
    partition: row.partition_id,
    offset: Number(row.offset_value),
    key: row.message_key,
    attempts: row.attempts,
    redrives: row.redrives,
    reason: row.last_error,
    publishedAt: row.published_at.toISOString(),
    diedAt: row.died_at.toISOString(),
  };
}
