import type { Destination, RetryPolicy, SubscriptionView } from '@angarium/contracts/broker-api';

/** A row of broker.message_subscriptions with the name of its topic. */
export interface SubscriptionRow {
  readonly id: string;
  readonly topic_id: string;
  readonly topic_name: string;
  readonly consumer_group: string;
  readonly consumer_name: string;
  readonly subscription_type: Destination['type'];
  readonly offset_reset_policy: SubscriptionView['offsetReset'];
  readonly max_poll_records: number;
  readonly session_timeout_ms: number;
  /** The destination without its type. */
  readonly handler_config: Record<string, unknown>;
  readonly dead_letter_queue: string | null;
  readonly max_retry_attempts: number;
  readonly retry_policy: RetryPolicy;
  readonly message_filter: Record<string, unknown> | null;
  readonly max_in_flight: number;
  readonly is_ordered: boolean;
  readonly status: SubscriptionView['status'];
  readonly disabled_reason: string | null;
  readonly breaker_state: SubscriptionView['breaker'];
  readonly tenant_id: string;
  readonly version: number;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly last_consumed_at: Date | null;
}

export function toSubscriptionView(row: SubscriptionRow): SubscriptionView {
  return {
    id: row.id,
    topicId: row.topic_id,
    topic: row.topic_name,
    group: row.consumer_group,
    name: row.consumer_name,
    // written from a Destination, by this service only
    destination: { type: row.subscription_type, ...row.handler_config } as Destination,
    filter: row.message_filter,
    maxInFlight: row.max_in_flight,
    batchSize: row.max_poll_records,
    ackTimeoutMs: row.session_timeout_ms,
    maxAttempts: row.max_retry_attempts,
    retry: row.retry_policy,
    deadLetterTopic: row.dead_letter_queue,
    isOrdered: row.is_ordered,
    offsetReset: row.offset_reset_policy,
    status: row.status,
    disabledReason: row.disabled_reason,
    breaker: row.breaker_state,
    tenantId: row.tenant_id,
    version: row.version,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    lastConsumedAt: row.last_consumed_at?.toISOString() ?? null,
  };
}

/** As it may be kept in the audit trail: people put tokens into headers and queries, however often they are told not to. */
export function withoutSecrets(view: SubscriptionView): SubscriptionView {
  const { destination } = view;
  if (destination.type !== 'webhook') return view;
  const headers = Object.fromEntries(Object.keys(destination.headers).map((name) => [name, '(hidden)']));
  return { ...view, destination: { ...destination, url: destination.url.replace(/\?.*$/s, '?(hidden)'), headers } };
}
