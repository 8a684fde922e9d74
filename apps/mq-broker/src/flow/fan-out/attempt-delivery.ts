import { describeError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import { beginSpan } from '@angarium/observability';
import { passFaultPoint } from '../fault-point.js';
import type { HeldDelivery, Observed, SettleDelivery } from '../settle/settle-delivery.js';
import type { DeliveryOutcome, Destination } from './destination.js';
import { whyPassOver } from './filter-view.js';
import type { ReceiverHealth } from './receiver-health.js';

/** One attempt of a pushed delivery, from the filter to its settlement. */
export class AttemptDelivery {
  private readonly destinations: ReadonlyMap<string, Destination>;

  constructor(
    destinations: readonly Destination[],
    private readonly settle: SettleDelivery,
    private readonly health: ReceiverHealth,
    private readonly logger: Logger,
  ) {
    this.destinations = new Map(destinations.map((it) => [it.type, it]));
  }

  /** Resolves when the delivery is settled, or is left to whoever takes it over. Never rejects. */
  async attempt(delivery: HeldDelivery): Promise<void> {
    try {
      const why = whyPassOver(delivery.subscription, delivery.message, Date.now());
      if (why !== undefined) await this.settle.passedOver(delivery, why);
      else await this.push(delivery);
    } catch (error) {
      this.logger.error({ subscriptionId: delivery.subscription.id, messageId: delivery.message.messageId, reason: describeError(error), err: error }, 'a delivery went wrong; it is taken over when its lease runs out');
    }
  }

  private async push(delivery: HeldDelivery): Promise<void> {
    const { subscription, message, attempt, hold } = delivery;
    const destination = this.destinations.get(subscription.destination.type);
    if (destination === undefined) throw new TypeError(`no destination ${subscription.destination.type}`);
    passFaultPoint('taken');
    const startedAt = new Date();
    const started = performance.now();
    const span = beginSpan(
      { name: `deliver ${subscription.topicName}`, kind: 'client', attributes: { 'messaging.message.id': message.messageId, 'angarium.destination': destination.type } },
      { traceparent: message.traceparent ?? undefined, correlationId: message.correlationId ?? undefined, tenant: subscription.tenantId },
    );
    const outcome = await destination.deliver({ subscription, message, attempt, redrives: hold.kind === 'ledger' ? hold.redrives : 0 });
    span.end(outcome.kind === 'delivered' ? undefined : outcome.kind);
    passFaultPoint('delivered');
    const { responseStatus, responseHead } = outcome;
    await this.conclude(delivery, outcome, { startedAt, durationMs: performance.now() - started, responseStatus, responseHead });
  }

  private async conclude(delivery: HeldDelivery, outcome: DeliveryOutcome, observed: Observed): Promise<void> {
    const { subscription } = delivery;
    switch (outcome.kind) {
      case 'delivered':
        this.health.succeeded(subscription);
        return this.settle.delivered(delivery, observed);
      case 'failed':
        if (outcome.isReceivers === true) this.health.failed(subscription);
        await this.settle.failed(delivery, outcome, observed);
        return;
      case 'aborted':
        await this.settle.failed(delivery, { reason: outcome.reason, isFinal: true, isAborted: true }, observed);
        return;
      case 'disabled':
        await this.health.disable(subscription, outcome.reason);
        // what it refused waits for somebody to resume it
        if (outcome.isDelivered) await this.settle.delivered(delivery, observed);
        else await this.settle.failed(delivery, { reason: outcome.reason, retryInMs: 0 }, observed);
    }
  }
}
