import type { Sql } from '@angarium/database';
import { ignoreError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import type { CatalogSignals } from '../../catalog/catalog-signals.js';
import type { Subscription } from '../../catalog/subscriptions/subscription.js';
import { CLOSED_BREAKER, inFlightLimit, judgeFailing, stepBreaker, type Breaker } from '../settle/circuit-breaker.js';

interface Health {
  breaker: Breaker;
  /** As it was last written to Postgres. */
  written: Breaker['status'];
  failingSinceMs: number | null;
  /** Of the failure before the present one. */
  lastFailureMs: number | null;
  /** A write is on its way; `mustWrite`: another one follows it. One at a time, or an older state could overwrite a newer one. */
  isWriting: boolean;
  mustWrite: boolean;
}

/**
 * How the receivers of webhooks are doing: a circuit breaker each, and since when one fails. What all replicas must know
 * (an open breaker, a failing since) is kept in Postgres and written when it changes, not with every attempt.
 */
export class ReceiverHealth {
  private readonly known = new Map<string, Health>();

  constructor(
    private readonly sql: Sql,
    private readonly signals: CatalogSignals,
    private readonly logger: Logger,
    private readonly now: () => number = Date.now,
  ) {}

  /** How many deliveries may be in flight: all, none, or one that finds out. */
  limit(subscription: Subscription): number {
    const health = this.of(subscription);
    health.breaker = stepBreaker(health.breaker, { type: 'tick', atMs: this.now() });
    return inFlightLimit(health.breaker, this.now());
  }

  /** Another replica, or a person, changed the subscription. */
  heard(subscription: Subscription): void {
    const health = this.known.get(subscription.id);
    // while a write is on its way this may be the state before it; whoever writes is told again
    if (health === undefined || health.isWriting) return;
    const { state, untilMs, trips } = subscription.breaker;
    health.failingSinceMs = subscription.failingSinceMs;
    if (state === 'open' && health.breaker.status === 'closed') health.breaker = { status: 'open', untilMs, tripCount: trips };
    if (state === 'closed' && health.written !== 'closed') health.breaker = CLOSED_BREAKER;
    health.written = state;
  }

  forget(id: string): void {
    this.known.delete(id);
  }

  succeeded(subscription: Subscription): void {
    const health = this.of(subscription);
    const wasFailing = health.failingSinceMs !== null;
    health.failingSinceMs = null;
    health.lastFailureMs = null;
    health.breaker = stepBreaker(health.breaker, { type: 'success', atMs: this.now() });
    if (wasFailing || health.written !== 'closed') this.write(subscription, health);
  }

  failed(subscription: Subscription): void {
    const health = this.of(subscription);
    const atMs = this.now();
    const before = health.breaker;
    const isFirst = health.failingSinceMs === null;
    health.failingSinceMs ??= atMs;
    health.breaker = stepBreaker(before, { type: 'failure', atMs });
    if (isFirst || health.breaker.status !== before.status || health.breaker.status !== health.written) this.write(subscription, health);
    // the one before: a single failure five days after another proves nothing
    const isOver = judgeFailing({ failingSinceMs: health.failingSinceMs, lastFailureMs: health.lastFailureMs, nowMs: atMs });
    health.lastFailureMs = atMs;
    if (isOver) void this.disable(subscription, 'every delivery failed for five days');
  }

  /** Stops delivering to a subscription until somebody resumes it. Announced by an event (see AnnounceDisabled). Never rejects. */
  async disable({ id, topicName }: Subscription, reason: string): Promise<void> {
    await this.sql
      .execute(
        `UPDATE broker.message_subscriptions SET status = 'disabled', disabled_reason = $2, disabled_at = now(), disabled_told_at = NULL, updated_at = now(), version = version + 1
         WHERE id = $1 AND status IN ('active', 'paused')`,
        [id, reason.slice(0, 200)],
      )
      .then((count) => {
        if (count === 0) return;
        this.logger.warn({ subscriptionId: id, topic: topicName, reason }, 'a subscription was disabled');
        this.signals.changed({ kind: 'subscription', id });
      })
      .catch(ignoreError(this.logger, 'receiver-health', 'the next failure disables it'));
  }

  private of({ id, breaker, failingSinceMs }: Subscription): Health {
    let health = this.known.get(id);
    if (health === undefined) {
      const { state, untilMs, trips } = breaker;
      health = { breaker: state === 'closed' ? CLOSED_BREAKER : { status: 'open', untilMs, tripCount: trips }, written: state, failingSinceMs, lastFailureMs: null, isWriting: false, mustWrite: false };
      this.known.set(id, health);
    }
    return health;
  }

  private write({ id }: Subscription, health: Health): void {
    const { breaker } = health;
    health.written = breaker.status;
    if (breaker.status === 'open') this.logger.warn({ subscriptionId: id, until: new Date(breaker.untilMs).toISOString(), trips: breaker.tripCount }, 'a receiver fails; its breaker is open');
    health.mustWrite = true;
    if (health.isWriting) return;
    health.isWriting = true;
    this.writeLatest(id, health)
      .finally(() => (health.isWriting = false))
      .then(() => this.signals.changed({ kind: 'subscription', id }))
      .catch(ignoreError(this.logger, 'receiver-health', 'the next change writes it'));
  }

  private async writeLatest(id: string, health: Health): Promise<void> {
    while (health.mustWrite) {
      health.mustWrite = false;
      const { breaker, failingSinceMs } = health;
      const until = breaker.status === 'open' ? new Date(breaker.untilMs) : null;
      const trips = breaker.status === 'closed' ? 0 : breaker.tripCount;
      await this.sql.execute(
        `UPDATE broker.message_subscriptions SET breaker_state = $2, breaker_until = $3, breaker_trips = $4, failing_since = $5, updated_at = now() WHERE id = $1`,
        [id, breaker.status, until, trips, failingSinceMs === null ? null : new Date(failingSinceMs)],
      );
    }
  }
}
