import type { Destination, RetryPolicy } from '@angarium/contracts/broker-api';
import type { Sql } from '@angarium/database';
import { describeError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import { compileFilter } from '../../flow/fan-out/match-filter.js';
import { Loop } from '../../flow/loop.js';
import type { CatalogSignals } from '../catalog-signals.js';
import type { Subscription } from './subscription.js';

const LOOK_MS = 2_000;
/** Changes are looked for a little further back than the last look: transactions end in another order than they begin. */
const OVERLAP_SECONDS = 10;
/** Now and then all of them are read, which finds those that were deleted without our hearing of it. */
const READ_ALL_EVERY = 15;

interface SubscriptionRow {
  readonly id: string;
  readonly topic_id: string;
  readonly topic_name: string;
  readonly topic_tenant_id: string;
  readonly durability: Subscription['topicDurability'];
  readonly partition_count: number;
  readonly first_offsets: string[] | null;
  readonly tenant_id: string;
  readonly tenant_name: string | null;
  readonly subscription_type: Destination['type'];
  readonly handler_config: object;
  readonly message_filter: Record<string, unknown> | null;
  readonly max_in_flight: number;
  readonly max_poll_records: number;
  readonly session_timeout_ms: number;
  readonly max_retry_attempts: number;
  readonly retry_policy: RetryPolicy;
  readonly dead_letter_queue: string | null;
  readonly is_ordered: boolean;
  readonly status: Subscription['status'];
  readonly breaker_state: Subscription['breaker']['state'];
  readonly breaker_until: Date | null;
  readonly breaker_trips: number;
  readonly failing_since: Date | null;
  readonly allowed_consumers: string[];
}

const SELECT = `SELECT s.id, s.topic_id, t.name AS topic_name, t.tenant_id AS topic_tenant_id, t.durability, t.partition_count,
    (SELECT array_agg(p.first_offset ORDER BY p.partition_id) FROM broker.topic_partitions p WHERE p.topic_id = t.id) AS first_offsets, s.tenant_id, n.name AS tenant_name, s.subscription_type, s.handler_config,
    s.message_filter, s.max_in_flight, s.max_poll_records, s.session_timeout_ms, s.max_retry_attempts, s.retry_policy, s.dead_letter_queue, s.is_ordered,
    s.status, s.breaker_state, s.breaker_until, s.breaker_trips, s.failing_since,
    CASE WHEN t.tenant_id = s.tenant_id THEN t.allowed_consumers ELSE '[]' END AS allowed_consumers
  FROM broker.message_subscriptions s JOIN broker.message_topics t ON t.id = s.topic_id LEFT JOIN auth.tenants n ON n.id = s.tenant_id`;

/** Every subscription of every tenant, in memory: who gets a message is known without asking. One pass reads what changed. */
export class SubscriptionCache {
  private readonly byId = new Map<string, Subscription>();
  private readonly byTopic = new Map<string, Map<string, Subscription>>();
  private readonly listeners: ((subscription: Subscription) => void)[] = [];
  private readonly goneListeners: ((subscription: Subscription) => void)[] = [];
  private readonly loop: Loop;
  private passes = 0;

  constructor(
    private readonly sql: Sql,
    signals: CatalogSignals,
    private readonly logger: Logger,
    private readonly lookMs = LOOK_MS,
  ) {
    this.loop = new Loop({ name: 'subscription-cache', everyMs: lookMs, logger, pass: () => this.lookOnce() });
    signals.onChange(({ kind, id }) => {
      if (kind === 'subscription') void this.reload(id).catch(() => this.loop.kick());
      else this.loop.kick();
    });
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  all(): Iterable<Subscription> {
    return this.byId.values();
  }

  get(id: string): Subscription | undefined {
    return this.byId.get(id);
  }

  ofTopic(topicId: string): Iterable<Subscription> {
    return this.byTopic.get(topicId)?.values() ?? [];
  }

  /** Hears of every subscription that is new or different. */
  onChange(listener: (subscription: Subscription) => void): void {
    this.listeners.push(listener);
  }

  /** Hears of every subscription that is no more. */
  onGone(listener: (subscription: Subscription) => void): void {
    this.goneListeners.push(listener);
  }

  /** The subscription of this id, also when it was made a moment ago by another replica. */
  async find(id: string): Promise<Subscription | undefined> {
    return this.byId.get(id) ?? (await this.reload(id));
  }

  /** Reads one again. */
  async reload(id: string): Promise<Subscription | undefined> {
    const [row] = await this.sql.query<SubscriptionRow>(`${SELECT} WHERE s.id = $1`, [id], 'subscription-by-id');
    if (row === undefined) this.drop(id);
    else this.put(row);
    return this.byId.get(id);
  }

  /** One pass: what changed lately, or all. */
  async lookOnce(): Promise<void> {
    const isWhole = this.passes++ % READ_ALL_EVERY === 0;
    const since = `${SELECT} WHERE greatest(s.updated_at, t.updated_at) > now() - $1 * interval '1 second'`;
    const rows = isWhole
      ? await this.sql.query<SubscriptionRow>(SELECT)
      : await this.sql.query<SubscriptionRow>(since, [OVERLAP_SECONDS + this.lookMs / 1_000], 'subscriptions-changed');
    for (const row of rows) this.put(row);
    if (!isWhole) return;
    const there = new Set(rows.map(({ id }) => id));
    for (const id of this.byId.keys()) if (!there.has(id)) this.drop(id);
  }

  private put(row: SubscriptionRow): void {
    const subscription = toSubscription(row, this.logger);
    this.byId.set(row.id, subscription);
    const ofTopic = this.byTopic.get(row.topic_id) ?? new Map<string, Subscription>();
    this.byTopic.set(row.topic_id, ofTopic.set(row.id, subscription));
    for (const listener of this.listeners) listener(subscription);
  }

  private drop(id: string): void {
    const gone = this.byId.get(id);
    if (gone === undefined) return;
    this.byId.delete(id);
    this.byTopic.get(gone.topicId)?.delete(id);
    for (const listener of this.goneListeners) listener(gone);
  }
}

function toSubscription(row: SubscriptionRow, logger: Logger): Subscription {
  return {
    ...{ id: row.id, topicId: row.topic_id, topicName: row.topic_name, topicTenantId: row.topic_tenant_id, topicDurability: row.durability, partitionCount: row.partition_count },
    firstOffsets: (row.first_offsets ?? []).map(Number),
    ...{ tenantId: row.tenant_id, tenantName: row.tenant_name ?? row.tenant_id, status: row.status, isOrdered: row.is_ordered },
    destination: { type: row.subscription_type, ...row.handler_config } as Destination,
    matches: row.message_filter === null ? undefined : filterOf(row.id, row.message_filter, logger),
    ...{ maxInFlight: row.max_in_flight, batchSize: row.max_poll_records, ackTimeoutMs: row.session_timeout_ms },
    ...{ maxAttempts: row.max_retry_attempts, retry: row.retry_policy, deadLetterTopic: row.dead_letter_queue },
    breaker: { state: row.breaker_state, untilMs: row.breaker_until?.getTime() ?? 0, trips: row.breaker_trips },
    failingSinceMs: row.failing_since?.getTime() ?? null,
    allowedConsumers: new Set(row.allowed_consumers),
  };
}

/** Filters are checked when they are stored; one that cannot be read any more delivers everything rather than losing something. */
function filterOf(id: string, filter: Record<string, unknown>, logger: Logger): Subscription['matches'] {
  try {
    return compileFilter(filter);
  } catch (error) {
    logger.error({ subscriptionId: id, reason: describeError(error) }, 'a filter cannot be used; all messages are delivered');
    return undefined;
  }
}
