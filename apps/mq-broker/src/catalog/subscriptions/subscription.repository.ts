import type { QueryOf } from '@angarium/contracts';
import type { Destination, ListSubscriptions, RetryPolicy } from '@angarium/contracts/broker-api';
import type { SqlRunner } from '@angarium/database';
import { timeCursor } from '../page-cursor.js';
import type { SubscriptionRow } from './subscription-row.js';

/** Settings as they are stored: checked, every default filled in. */
export interface CheckedSettings {
  readonly destination: Destination;
  readonly filter: Readonly<Record<string, unknown>> | null;
  readonly maxInFlight: number;
  readonly batchSize: number;
  readonly ackTimeoutMs: number;
  readonly maxAttempts: number;
  readonly retry: RetryPolicy;
  readonly deadLetterTopic: string | null;
  readonly isOrdered: boolean;
}

export interface NewSubscription {
  readonly topicId: string;
  readonly tenantId: string;
  readonly group: string;
  readonly name: string;
  readonly offsetReset: SubscriptionRow['offset_reset_policy'];
  readonly settings: CheckedSettings;
}

const SELECT = 'SELECT s.*, t.name AS topic_name FROM broker.message_subscriptions s JOIN broker.message_topics t ON t.id = s.topic_id';

/** @param isLocked until the transaction ends nobody else changes it. */
export async function findSubscription(runner: SqlRunner, tenantId: string, id: string, isLocked = false): Promise<SubscriptionRow | undefined> {
  const [row] = await runner.query<SubscriptionRow>(`${SELECT} WHERE s.id = $1 AND s.tenant_id = $2 ${isLocked ? 'FOR UPDATE OF s' : ''}`, [id, tenantId]);
  return row;
}

/** One row more than the limit, where there are more. Oldest first. */
export async function listSubscriptions(runner: SqlRunner, tenantId: string, query: QueryOf<typeof ListSubscriptions>): Promise<SubscriptionRow[]> {
  const [createdAt, id] = timeCursor.decode(query.cursor) ?? [null, null];
  return runner.query<SubscriptionRow>(
    `${SELECT} WHERE s.tenant_id = $1 AND ($2::text IS NULL OR t.name = $2) AND ($3::text IS NULL OR starts_with(s.consumer_group, $3))
       AND ($4::text IS NULL OR s.status = $4) AND ($5::text IS NULL OR s.subscription_type = $5)
       AND ($6::timestamptz IS NULL OR (s.created_at, s.id) > ($6, $7::uuid))
     ORDER BY s.created_at, s.id LIMIT $8`,
    [tenantId, query.topic ?? null, query.prefix ?? null, query.status ?? null, query.destination ?? null, createdAt, id, query.limit + 1],
  );
}

/** @returns undefined when the group has a subscription of this name on the topic. */
export async function insertSubscription(tx: SqlRunner, it: NewSubscription): Promise<string | undefined> {
  const [row] = await tx.query<{ readonly id: string }>(
    `INSERT INTO broker.message_subscriptions (topic_id, tenant_id, consumer_group, consumer_name, offset_reset_policy, subscription_type, handler_config, message_filter,
       max_in_flight, max_poll_records, session_timeout_ms, max_retry_attempts, retry_policy, retry_delay_ms, dead_letter_queue, is_ordered)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
     ON CONFLICT (topic_id, tenant_id, consumer_group, consumer_name) DO NOTHING RETURNING id`,
    [it.topicId, it.tenantId, it.group, it.name, it.offsetReset, ...valuesOf(it.settings), it.settings.isOrdered],
  );
  return row?.id;
}

/** Replaces the settings and counts the version up; settings that are there already change nothing. */
export async function replaceSettings(tx: SqlRunner, id: string, settings: CheckedSettings): Promise<void> {
  await tx.execute(
    `UPDATE broker.message_subscriptions SET subscription_type = $2, handler_config = $3, message_filter = $4, max_in_flight = $5, max_poll_records = $6,
       session_timeout_ms = $7, max_retry_attempts = $8, retry_policy = $9, retry_delay_ms = $10, dead_letter_queue = $11, version = version + 1, updated_at = now()
     WHERE id = $1 AND (subscription_type, handler_config, message_filter, max_in_flight, max_poll_records, session_timeout_ms, max_retry_attempts, retry_policy, dead_letter_queue)
       IS DISTINCT FROM ($2, $3::jsonb, $4::jsonb, $5, $6, $7, $8, $9::jsonb, $11)`,
    [id, ...valuesOf(settings)],
  );
}

export async function pauseSubscription(tx: SqlRunner, id: string): Promise<void> {
  await tx.execute(`UPDATE broker.message_subscriptions SET status = 'paused', version = version + 1, updated_at = now() WHERE id = $1`, [id]);
}

/** Active, as if it had never failed. */
export async function resumeSubscription(tx: SqlRunner, id: string): Promise<void> {
  await tx.execute(
    `UPDATE broker.message_subscriptions SET status = 'active', disabled_reason = NULL, disabled_at = NULL, disabled_told_at = NULL, breaker_state = 'closed',
       breaker_until = NULL, breaker_trips = 0, failing_since = NULL, version = version + 1, updated_at = now()
     WHERE id = $1`,
    [id],
  );
}

/** Changes by which scheme the webhooks of a subscription are signed from now on. */
export async function setSignature(tx: SqlRunner, id: string, signature: string): Promise<void> {
  await tx.execute(
    `UPDATE broker.message_subscriptions SET handler_config = jsonb_set(handler_config, '{signature}', to_jsonb($2::text)), version = version + 1, updated_at = now() WHERE id = $1`,
    [id, signature],
  );
}

/** Its cursors, feeds and secrets go with it; not its deliveries. */
export async function deleteSubscription(tx: SqlRunner, id: string): Promise<void> {
  await tx.execute('DELETE FROM broker.message_subscriptions WHERE id = $1', [id]);
}

/** Whether a subscription of another tenant puts its messages into this BullMQ queue. */
export async function isQueueOfOther(runner: SqlRunner, tenantId: string, queue: string): Promise<boolean> {
  const rows = await runner.query(
    `SELECT 1 FROM broker.message_subscriptions WHERE subscription_type = 'queue' AND handler_config ->> 'queue' = $2 AND tenant_id <> $1 LIMIT 1`,
    [tenantId, queue],
  );
  return rows.length > 0;
}

function valuesOf({ destination: { type, ...handler }, filter, maxInFlight, batchSize, ackTimeoutMs, maxAttempts, retry, deadLetterTopic }: CheckedSettings): unknown[] {
  const firstDelayMs = retry.kind === 'list' ? (retry.delaysMs[0] ?? 0) : retry.firstMs;
  const json = [JSON.stringify(handler), filter === null ? null : JSON.stringify(filter)];
  return [type, ...json, maxInFlight, batchSize, ackTimeoutMs, maxAttempts, JSON.stringify(retry), firstDelayMs, deadLetterTopic];
}
