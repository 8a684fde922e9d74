import type { Logger } from '@angarium/observability';
import { isPush, type Subscription } from '../../catalog/subscriptions/subscription.js';
import type { BrokerMessage } from '../broker-message.js';
import type { PartitionId, PartitionStreams } from '../partition-streams.js';
import type { RecordRepository } from '../record.repository.js';
import type { Expired, LedgerRepository } from './ledger.repository.js';
import type { Observed, SettleDelivery } from './settle-delivery.js';

/** Time to say that an attempt failed; a replica that dies meanwhile leaves it to another. */
const LEASE_MS = 5_000;

/**
 * Deliveries whose owner is gone or silent: their attempt counts as failed, as nobody knows how it ended. A pushed one is attempted
 * again at once (its replica died), a pulled one when its retry policy says (its consumer did not manage in time).
 */
export class TakeOver {
  constructor(
    private readonly settle: SettleDelivery,
    private readonly streams: PartitionStreams,
    private readonly ledger: LedgerRepository,
    private readonly records: RecordRepository,
    private readonly logger: Logger,
  ) {}

  /** Entries that were just claimed: into the ledger, then out of the stream. */
  async fromStream(subscription: Subscription, at: PartitionId, messages: readonly BrokerMessage[]): Promise<void> {
    this.logger.warn({ subscriptionId: subscription.id, partition: at.partition, count: messages.length }, 'deliveries are taken over: whoever had them was not heard of');
    const observed = lastHeard(subscription);
    const outcomes = await Promise.all(
      messages.map(async (message) => ({
        offset: message.offset,
        isInLedger: await this.settle.failed({ subscription, message, attempt: 1, hold: { kind: 'parked' } }, failureOf(subscription), observed),
      })),
    );
    await this.streams.settle(at, subscription.id, outcomes.filter(({ isInLedger }) => isInLedger).map(({ offset }) => offset));
  }

  /** A row of the ledger whose lease ran out. */
  async fromLedger(subscription: Subscription, expired: Expired): Promise<void> {
    const { id, attempts, redrives, partition, offset, takenAt, leasedMs } = expired;
    // or each replica would tell of the same failure
    const token = await this.ledger.takeOver(expired, LEASE_MS);
    if (token === undefined) return;
    const [message] = await this.records.range({ topicId: subscription.topicId, partition }, offset, offset, 1);
    if (message === undefined) {
      await this.ledger.fail({ id, token }, undefined, 'the retention of its message is over');
      return;
    }
    const hold = { kind: 'ledger', id, token, redrives } as const;
    await this.settle.failed({ subscription, message, attempt: attempts, hold }, failureOf(subscription), { startedAt: takenAt, durationMs: leasedMs });
  }
}

/** Redis keeps no more of an entry than when it was last given or extended: a pulled one had its timeout since then, a pushed one was renewed until its replica fell silent. */
function lastHeard(subscription: Subscription): Observed {
  const durationMs = isPush(subscription) ? 0 : subscription.ackTimeoutMs;
  return { startedAt: new Date(Date.now() - durationMs), durationMs };
}

function failureOf(subscription: Subscription): { reason: string; retryInMs?: number } {
  return isPush(subscription)
    ? { reason: 'lease lost: the replica that delivered it was not heard of', retryInMs: 0 }
    : { reason: `ack timeout: not acknowledged within ${subscription.ackTimeoutMs} ms` };
}
