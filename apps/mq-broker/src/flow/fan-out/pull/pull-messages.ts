import type { PulledMessage } from '@angarium/contracts/broker-api';
import type { Subscription } from '../../../catalog/subscriptions/subscription.js';
import type { BrokerMessage } from '../../broker-message.js';
import type { Epoch } from '../../drain/epoch.js';
import type { PartitionStreams } from '../../partition-streams.js';
import type { LedgerRepository } from '../../settle/ledger.repository.js';
import type { SettleDelivery } from '../../settle/settle-delivery.js';
import { spliced } from '../../spliced.js';
import { whyPassOver } from '../filter-view.js';
import type { ReadStream } from '../read-stream.js';
import { writeReceipt, type Receipt } from './receipt.js';
import type { WaitForMessages } from './wait-for-messages.js';

/** While nothing wakes a waiting pull it looks again this often: another replica may have appended. */
const LOOK_AGAIN_MS = 1_000;
/** A filter that matches nothing must not keep one call reading for ever. */
const MAX_ROUNDS = 50;
/** Whoever holds entries of the stream lane for pull consumers, in one life of Redis. */
export const pullConsumer = (epoch: string): string => `pull-${epoch}`;

interface Pulled {
  readonly message: BrokerMessage;
  readonly receipt: Receipt;
  readonly attempt: number;
}

/** Gives messages to whoever asks: what is due in the ledger first, then what is new in the stream. */
export class PullMessages {
  private readonly due = new Set<string>();
  /** Where the next pull of a subscription begins, so that no partition starves. */
  private turn = 0;
  private isStopping = false;

  constructor(
    private readonly streams: PartitionStreams,
    private readonly read: ReadStream,
    private readonly ledger: LedgerRepository,
    private readonly settle: SettleDelivery,
    private readonly epoch: Epoch,
    private readonly waits: WaitForMessages,
  ) {}

  /** The ledger holds something that is due. */
  wakeDue({ id }: Subscription): void {
    this.due.add(id);
    this.waits.wake(id);
  }

  /** Nobody waits any more: who does is answered at once. */
  stop(): void {
    this.isStopping = true;
    this.waits.wakeAll();
  }

  /**
   * At most `max` messages, each as the JSON text of a PulledMessage; waits up to `waitMs` for the first. Each has to be settled within the subscription's ackTimeoutMs.
   * @throws REDIS_UNAVAILABLE, DATABASE_UNAVAILABLE
   */
  async pull(subscription: Subscription, max: number, waitMs: number, signal: () => AbortSignal): Promise<string[]> {
    const until = performance.now() + waitMs;
    let aborted: AbortSignal | undefined;
    for (;;) {
      const pulled = await this.take(subscription, max);
      const left = until - performance.now();
      if (pulled.length > 0 || left <= 0 || this.isStopping) return pulled.map((it) => toPulled(subscription, it));
      aborted ??= signal();
      await this.waits.until(subscription.id, Math.min(left, LOOK_AGAIN_MS), aborted);
      // nobody is there to get what would be taken
      if (aborted.aborted) return [];
    }
  }

  private async take(subscription: Subscription, max: number): Promise<Pulled[]> {
    const pulled: Pulled[] = [];
    if (this.due.has(subscription.id)) await this.takeDue(subscription, max, pulled);
    if (subscription.isOrdered || pulled.length >= max) return pulled;
    try {
      await this.takeNew(subscription, max, pulled);
    } catch (error) {
      // what is leased already is given, or its attempt would be lost
      if (pulled.length === 0) throw error;
    }
    return pulled;
  }

  private async takeDue(subscription: Subscription, max: number, pulled: Pulled[]): Promise<void> {
    const room = subscription.maxInFlight - (await this.ledger.inFlightCount(subscription.id));
    if (room <= 0) return;
    const asked = Math.min(max, room);
    const leased = await this.ledger.take(subscription.id, asked, subscription.ackTimeoutMs, subscription.isOrdered);
    if (leased.length < asked) this.due.delete(subscription.id);
    const takenAtMs = Date.now();
    for (const { id, token, attempt, redrives, message } of leased) {
      const why = whyPassOver(subscription, message, takenAtMs);
      if (why !== undefined) await this.settle.passedOver({ subscription, message, attempt, hold: { kind: 'ledger', id, token, redrives } }, why);
      else pulled.push({ message, attempt, receipt: { kind: 'ledger', id, token, partition: message.partition, offset: message.offset, attempt, redrives, takenAtMs, ...idOf(message) } });
    }
  }

  private async takeNew(subscription: Subscription, max: number, pulled: Pulled[]): Promise<void> {
    const { topicId, partitionCount } = subscription;
    const epoch = this.epoch.current || (await this.epoch.refresh());
    const consumer = pullConsumer(epoch);
    const partitions = Array.from({ length: partitionCount }, (_, nth) => (nth + this.turn) % partitionCount);
    this.turn = (this.turn + 1) % 1_000_000;
    const counts = await Promise.all(partitions.map((partition) => this.streams.pendingCount({ topicId, partition }, subscription.id)));
    let room = subscription.maxInFlight - counts.reduce((sum, count) => sum + count, 0);
    for (const partition of partitions) {
      for (let round = 0; round < MAX_ROUNDS && pulled.length < max && room > 0; round++) {
        const asked = Math.min(max - pulled.length, room);
        const messages = await this.read.next(subscription, partition, asked, consumer);
        const takenAtMs = Date.now();
        const passedOver: number[] = [];
        for (const message of messages) {
          const why = whyPassOver(subscription, message, takenAtMs);
          if (why !== undefined) passedOver.push(message.offset);
          else pulled.push({ message, attempt: 1, receipt: { kind: 'stream', partition, offset: message.offset, epoch, takenAtMs, ...idOf(message) } });
        }
        if (passedOver.length > 0) await this.streams.settle({ topicId, partition }, subscription.id, passedOver);
        room -= messages.length - passedOver.length;
        if (messages.length < asked) break;
      }
    }
  }
}

function idOf({ messageId, publishedAt }: BrokerMessage): Pick<Receipt, 'messageId' | 'publishedAtMs'> {
  return { messageId, publishedAtMs: publishedAt.getTime() };
}

/** Headers and payload stand in it letter by letter: numbers keep their digits, and parsing them would cost more than all the rest. */
function toPulled({ topicName }: Subscription, { message, receipt, attempt }: Pulled): string {
  const { messageId, partition, offset, type, key, correlationId, headers, payload, publishedAt } = message;
  const rest: Omit<PulledMessage, 'headers' | 'payload'> = {
    ...{ receipt: writeReceipt(receipt), messageId, topic: topicName, partition, offset, type, key, attempt, correlationId },
    publishedAt: publishedAt.toISOString(),
  };
  return spliced(rest, { headers, payload });
}
