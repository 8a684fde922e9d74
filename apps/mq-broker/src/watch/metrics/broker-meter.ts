import type { Counter, Histogram, Metrics } from '@angarium/observability';
import { SlidingWindow } from './sliding-window.js';
import { WindowBook } from './window-book.js';
import type { CountKind, WindowTotals } from './window-totals.js';

export type Durability = 'commit' | 'stream';

/** Whose message it was; a NewMessage is one. */
export interface MessageOrigin {
  readonly tenantId: string;
  readonly topicId: string;
}

/** Whose delivery it was. The tenant is the subscription's, which for a public topic is not the topic's. */
export interface DeliveryOrigin extends MessageOrigin {
  readonly subscriptionId: string;
}

/** One window of a meter: all of it, or what belongs to one tenant, topic or subscription. */
export type WindowKey = 'all' | `tenant:${string}` | `topic:${string}` | `subscription:${string}`;

/** About 30 kB each, for the latencies; the other two less than 1 kB. */
const TENANT_LIMIT = 100;
const TOPIC_LIMIT = 1_000;
const SUBSCRIPTION_LIMIT = 2_000;

/**
 * Counts what the broker does: for Prometheus since the start of the process, for the API over the last five minutes.
 * Every method returns at once (below 1 µs a message), never throws and keeps nothing more once its ids are known.
 */
export class BrokerMeter {
  private readonly publishedTotal: Counter<'durability'>;
  private readonly appendedTotal: Counter;
  private readonly deliveredTotal: Counter<'destination'>;
  private readonly failedTotal: Counter<'destination'>;
  private readonly retriedTotal: Counter;
  private readonly deadTotal: Counter;
  private readonly skippedTotal: Counter;
  private readonly publishCommit: Histogram;
  private readonly commitStream: Histogram;
  private readonly publishDelivered: Histogram<'destination'>;
  private readonly webhook: Histogram;
  private readonly all: SlidingWindow;
  private readonly tenants: WindowBook;
  private readonly topics: WindowBook;
  private readonly subscriptions: WindowBook;

  /** @param now milliseconds of a clock that never goes back. */
  constructor(
    metrics: Metrics,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.publishedTotal = metrics.counter('mq_published_total', 'Messages that were accepted and made durable.', ['durability']);
    this.appendedTotal = metrics.counter('mq_appended_total', 'Messages that were appended to their streams.');
    this.deliveredTotal = metrics.counter('mq_delivered_total', 'Deliveries that succeeded.', ['destination']);
    this.failedTotal = metrics.counter('mq_failed_total', 'Attempts that failed.', ['destination']);
    this.retriedTotal = metrics.counter('mq_retried_total', 'Deliveries that were put off for another attempt.');
    this.deadTotal = metrics.counter('mq_dead_total', 'Deliveries that were given up.');
    this.skippedTotal = metrics.counter('mq_skipped_total', 'Deliveries that a filter or the expiry of the message settled without an attempt.');
    this.publishCommit = metrics.duration('mq_publish_commit_seconds', 'From taking a publish to its commit.');
    this.commitStream = metrics.duration('mq_commit_stream_seconds', 'From the commit to the append to the stream.');
    this.publishDelivered = metrics.duration('mq_publish_delivered_seconds', 'From the publish to the delivery, retries included.', ['destination']);
    this.webhook = metrics.duration('mq_webhook_seconds', 'How long receivers of webhooks took to answer.');
    const startedAt = now();
    this.all = new SlidingWindow(startedAt, { hasLatencies: true });
    this.tenants = new WindowBook({ limit: TENANT_LIMIT, hasLatencies: true, startedAt });
    this.topics = new WindowBook({ limit: TOPIC_LIMIT, hasLatencies: false, startedAt });
    this.subscriptions = new WindowBook({ limit: SUBSCRIPTION_LIMIT, hasLatencies: false, startedAt });
  }

  /**
   * Messages became durable, one or a batch.
   * @param commitMs how long their publisher waited for it.
   * @param origins one for each message, for the figures of tenants and topics.
   */
  published(count: number, durability: Durability, commitMs: number, origins: readonly MessageOrigin[] = []): void {
    if (count <= 0) return;
    const now = this.now();
    this.publishedTotal.inc({ durability }, count);
    this.publishCommit.observe(seconds(commitMs));
    this.all.add('published', count, now);
    for (const { tenantId, topicId } of origins) {
      this.tenants.of(tenantId, now)?.add('published', 1, now);
      this.topics.of(topicId, now)?.add('published', 1, now);
    }
  }

  /** Messages reached their stream, `ms` after their commit. */
  appended(count: number, ms: number): void {
    if (count <= 0) return;
    this.appendedTotal.inc(count);
    this.commitStream.observe(seconds(ms));
  }

  /** A delivery succeeded. `destination` is its kind: pull, webhook, queue, realtime. */
  delivered(destination: string, publishToDeliveredMs: number, of?: DeliveryOrigin): void {
    const now = this.now();
    this.deliveredTotal.inc({ destination });
    this.publishDelivered.observe({ destination }, seconds(publishToDeliveredMs));
    this.count('delivered', 1, now, of);
    this.all.addLatency(publishToDeliveredMs, now);
    if (of !== undefined) this.tenants.of(of.tenantId, now)?.addLatency(publishToDeliveredMs, now);
  }

  /** An attempt failed. Whether it is tried again or given up is told by `retried` or `dead`. */
  failed(destination: string, of?: DeliveryOrigin): void {
    this.failedTotal.inc({ destination });
    this.count('failed', 1, this.now(), of);
  }

  retried(of?: DeliveryOrigin): void {
    this.retriedTotal.inc();
    this.count('retried', 1, this.now(), of);
  }

  dead(of?: DeliveryOrigin): void {
    this.deadTotal.inc();
    this.count('dead', 1, this.now(), of);
  }

  skipped(count: number, of?: DeliveryOrigin): void {
    if (count <= 0) return;
    this.skippedTotal.inc(count);
    this.count('skipped', count, this.now(), of);
  }

  /** A receiver answered (or failed to) after `ms`. */
  webhookAnswered(ms: number): void {
    this.webhook.observe(seconds(ms));
  }

  /** What this process saw in the last five minutes. */
  totals(key: WindowKey): WindowTotals {
    const now = this.now();
    return (this.windowOf(key) ?? new SlidingWindow(now, { hasLatencies: false })).totals(now);
  }

  /** All of it, for the other replicas. */
  *everything(): Generator<readonly [WindowKey, WindowTotals]> {
    const now = this.now();
    yield ['all', this.all.totals(now)];
    const books = { tenant: this.tenants, topic: this.topics, subscription: this.subscriptions } as const;
    for (const [kind, book] of Object.entries(books) as [keyof typeof books, WindowBook][]) {
      book.dropIdle(now);
      for (const [id, window] of book.entries()) yield [`${kind}:${id}`, window.totals(now)];
    }
  }

  private windowOf(key: WindowKey): SlidingWindow | undefined {
    const [kind, id = ''] = key.split(':');
    if (kind === 'tenant') return this.tenants.get(id);
    if (kind === 'topic') return this.topics.get(id);
    return kind === 'subscription' ? this.subscriptions.get(id) : this.all;
  }

  private count(kind: CountKind, count: number, now: number, of: DeliveryOrigin | undefined): void {
    this.all.add(kind, count, now);
    if (of === undefined) return;
    this.tenants.of(of.tenantId, now)?.add(kind, count, now);
    this.topics.of(of.topicId, now)?.add(kind, count, now);
    this.subscriptions.of(of.subscriptionId, now)?.add(kind, count, now);
  }
}

/** Clocks of two machines differ: what seems to have ended before it began took no time. */
function seconds(ms: number): number {
  return ms > 0 ? ms / 1_000 : 0;
}
