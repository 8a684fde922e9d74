import type { SqlRunner } from '@angarium/database';
import { SYSTEM_TENANT_ID } from '../../catalog/topics/topic-cache.js';

export interface MessageRow {
  readonly topic_id: string;
  readonly topic_name: string;
  readonly partition_id: number;
  readonly offset_value: string;
  readonly message_id: string;
  readonly message_type: string;
  readonly message_key: string | null;
  readonly correlation_id: string | null;
  /** JSON texts, as they were published. */
  readonly headers: string;
  readonly payload: string | null;
  readonly payload_size: number | null;
  readonly content_type: string;
  readonly published_at: Date;
  readonly expires_at: Date | null;
  readonly producer_id: string | null;
  /** Whether the tenant that asks owns the topic. */
  readonly is_own: boolean;
}

export interface DeliveryRow {
  readonly subscription_id: string;
  readonly status: 'waiting' | 'in_flight' | 'delivered' | 'dead' | 'discarded';
  /** Null where no row tells, and the attempt log has to. */
  readonly attempts: number | null;
  readonly redrives: number;
  readonly next_attempt_at: Date | null;
  readonly last_error: string | null;
}

/**
 * A message by its id, in a topic that the tenant sees: its own before the others', the youngest before the older. Purged ones are gone,
 * and of the system's topics those of other tenants are not there (see isOfOthers).
 */
export async function findMessage(runner: SqlRunner, tenantId: string, messageId: string, topic: string | null): Promise<MessageRow | undefined> {
  const [row] = await runner.query<MessageRow>(
    `SELECT r.topic_id, t.name AS topic_name, r.partition_id, r.offset_value, r.message_id, r.message_type, r.message_key, r.correlation_id,
       r.headers::text AS headers, r.payload::text AS payload,
       r.payload_size, r.content_type, r.published_at, r.expires_at, r.producer_id, t.tenant_id = $1 AS is_own
     FROM broker.message_records r JOIN broker.message_topics t ON t.id = r.topic_id
     JOIN broker.topic_partitions p ON p.topic_id = r.topic_id AND p.partition_id = r.partition_id
     WHERE r.message_id = $2 AND r.offset_value >= p.first_offset AND (t.tenant_id = $1 OR (t.is_public AND (t.tenant_id <> $4 OR r.headers ->> 'tenant' = $1::text))) AND ($3::text IS NULL OR t.name = $3)
     ORDER BY t.tenant_id = $1 DESC, r.published_at DESC, r.offset_value DESC LIMIT 1`,
    [tenantId, messageId, topic, SYSTEM_TENANT_ID],
  );
  return row;
}

/**
 * What became of a message at the tenant's own subscriptions. Without a row it is settled when the cursor has passed it.
 * A subscription that began with what came after it, and never had it, is left out.
 */
export async function deliveriesOf(runner: SqlRunner, tenantId: string, message: MessageRow): Promise<DeliveryRow[]> {
  return runner.query<DeliveryRow>(
    `SELECT s.id AS subscription_id, coalesce(d.status, CASE WHEN c.settled_offset >= $4 THEN 'delivered' ELSE 'waiting' END) AS status,
       d.attempts, coalesce(d.redrives, 0) AS redrives, CASE WHEN d.status = 'waiting' THEN d.next_attempt_at END AS next_attempt_at, d.last_error
     FROM broker.message_subscriptions s
     JOIN broker.subscription_cursors c ON c.subscription_id = s.id AND c.partition_id = $3
     LEFT JOIN broker.deliveries d ON d.subscription_id = s.id AND d.partition_id = $3 AND d.offset_value = $4
     WHERE s.topic_id = $2 AND s.tenant_id = $1
       AND (d.id IS NOT NULL OR s.offset_reset_policy <> 'latest' OR s.created_at <= $5
         OR EXISTS (SELECT FROM broker.consumption_records a WHERE a.subscription_id = s.id AND a.message_id = $6))
     ORDER BY s.created_at, s.id`,
    [tenantId, message.topic_id, message.partition_id, message.offset_value, message.published_at, message.message_id],
  );
}
