import { AngariumError, describeError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import type { Subscription } from '../../catalog/subscriptions/subscription.js';
import { BatchLane } from '../batch-lane.js';
import type { WhyPassedOver } from '../fan-out/filter-view.js';
import { passFaultPoint } from '../fault-point.js';
import type { BrokerMessage } from '../broker-message.js';
import type { AckLane } from './ack-lane.js';
import type { Attempt, AttemptLog } from './attempt-log.js';
import type { LedgerRepository, Parked } from './ledger.repository.js';
import { nextAttempt } from './retry-policy.js';

/**
 * How a delivery is held while it is attempted: an entry of the subscription's group, or a row of the ledger.
 * `parked`: an entry that the caller itself acknowledges, once it is in the ledger.
 */
export type Hold = { readonly kind: 'stream' } | { readonly kind: 'parked' } | { readonly kind: 'ledger'; readonly id: string; readonly token: string; readonly redrives: number };

/** A message on its way to one subscription. */
export interface HeldDelivery {
  readonly subscription: Subscription;
  readonly message: BrokerMessage;
  readonly hold: Hold;
  /** 1 for the first. */
  readonly attempt: number;
}

export interface Failure {
  readonly reason: string;
  readonly retryAfterMs?: number | undefined;
  readonly isThrottled?: boolean | undefined;
  /** The next attempt is then, whatever the policy says of pauses; its number of attempts holds. */
  readonly retryInMs?: number | undefined;
  /** No further attempt, whatever the policy says. */
  readonly isFinal?: boolean;
  readonly isAborted?: boolean;
}

/** What the receiver said, for the attempt log. */
export interface Observed {
  readonly startedAt: Date;
  readonly durationMs: number;
  readonly responseStatus?: number | undefined;
  readonly responseHead?: string | undefined;
}

/** Keeps what a topic with durability `stream` may not have recorded, and copies of what was given up. */
export interface KeepsMessages {
  /** The record of a message that is to be delivered from the ledger. */
  ensureRecorded(message: BrokerMessage): Promise<void>;
  /** Publishes a dead letter to the topic that the subscription names for it. Repeating it does no harm. */
  publishDead(subscription: Subscription, message: BrokerMessage, reason: string, redrives: number): Promise<void>;
}

export interface SettleHooks {
  delivered(delivery: HeldDelivery, observed: Observed): void;
  failed(delivery: HeldDelivery, isDead: boolean): void;
  passedOver(delivery: HeldDelivery): void;
}

const AGAIN_MS = 500;
/** Time to make a copy of a dead letter while its row is ours. */
const DEAD_LEASE_MS = 5_000;
const MAX_REASON_LENGTH = 500;

/**
 * The last stage: what became of an attempt. Success acknowledges; a failure becomes a row of the ledger (or changes it) and only then
 * leaves the stream. While Postgres is away a failure waits here, with its entry kept; successes go on.
 */
export class SettleDelivery {
  private readonly settling: BatchLane<{ readonly id: string; readonly token: string }, boolean>;
  private readonly parking: BatchLane<Parked, undefined>;
  private isStopping = false;

  constructor(
    private readonly ledger: LedgerRepository,
    private readonly acks: AckLane,
    private readonly log: AttemptLog,
    private readonly keeps: KeepsMessages,
    private readonly hooks: SettleHooks,
    private readonly logger: Logger,
  ) {
    this.settling = new BatchLane({ maxCount: 500, run: async (held) => this.ledger.settle(held).then((ours) => held.map(({ id }) => ours.has(id))) });
    this.parking = new BatchLane({ maxCount: 500, run: async (parked) => this.ledger.park(parked).then(() => parked.map(() => undefined)) });
  }

  /** It arrived. */
  async delivered(delivery: HeldDelivery, observed: Observed): Promise<void> {
    this.hooks.delivered(delivery, observed);
    this.note(delivery, observed, { status: 'success' });
    await this.end(delivery);
  }

  /** It need not be delivered: a filter does not match, it expired, or was purged. */
  async passedOver(delivery: HeldDelivery, why: WhyPassedOver): Promise<void> {
    this.hooks.passedOver(delivery);
    if (why === 'expired') this.note(delivery, { startedAt: new Date(), durationMs: 0 }, { status: 'expired', error: 'the message had expired' });
    await this.end(delivery);
  }

  /** It did not arrive. @returns whether that is durable now; if not (this replica stops, or lost the delivery), whoever has it must leave it where it is. */
  async failed(delivery: HeldDelivery, failure: Failure, observed: Observed, random = Math.random()): Promise<boolean> {
    const { subscription, attempt } = delivery;
    const { retry: policy, maxAttempts } = subscription;
    const { retryAfterMs, isThrottled } = failure;
    const nowMs = Date.now();
    const next = failure.isFinal === true ? ({ kind: 'dead' } as const) : nextAttempt({ policy, attempts: attempt, maxAttempts, nowMs, random, retryAfterMs, isThrottled });
    const retryInMs = next.kind === 'dead' ? undefined : (failure.retryInMs ?? next.atMs - nowMs);
    const reason = failure.reason.slice(0, MAX_REASON_LENGTH);
    const status = retryInMs !== undefined ? 'retrying' : failure.isAborted === true ? 'aborted' : 'failed';
    this.hooks.failed(delivery, retryInMs === undefined);
    this.note(delivery, observed, { status, error: reason, nextAttemptAt: retryInMs === undefined ? undefined : new Date(nowMs + retryInMs) });
    return this.untilAvailable(() => this.writeFailure(delivery, retryInMs, reason));
  }

  /** Nobody began with it: into the ledger as one that was never attempted, due at once. For an entry that the caller itself acknowledges afterwards. @returns as `failed`. */
  released({ subscription, message }: Pick<HeldDelivery, 'subscription' | 'message'>, isRecorded: boolean): Promise<boolean> {
    return this.untilAvailable(() => this.park(subscription, message, { attempts: 0, retryInMs: 0, error: null }, isRecorded || subscription.topicDurability !== 'stream'));
  }

  /** From now on nothing waits for Postgres or Redis any more; resolves when what is on its way is settled, or after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.isStopping = true;
    const settled = Promise.all([this.settling.idle(), this.parking.idle()]).then(() => Promise.all([this.acks.idle(), this.log.idle()]));
    await Promise.race([settled, new Promise((resolve) => setTimeout(resolve, graceMs).unref())]);
  }

  private async writeFailure(delivery: HeldDelivery, retryInMs: number | undefined, reason: string): Promise<void> {
    const { subscription, message, hold, attempt } = delivery;
    const isDead = retryInMs === undefined;
    if (hold.kind === 'ledger') {
      if (isDead) {
        // a replica that was frozen must not declare dead what another one delivers; and the copy is made before the row says dead
        const redrives = (await this.ledger.keep([hold], DEAD_LEASE_MS)).get(hold.id);
        if (redrives === undefined) return;
        await this.mournFor(delivery, reason, redrives);
      }
      await this.ledger.fail(hold, retryInMs, reason);
      return;
    }
    await this.park(subscription, message, { attempts: attempt, retryInMs, error: reason });
    passFaultPoint('parked');
    // where the row was there before, it is somebody else's
    if (isDead && (await this.ledger.isDead(subscription.id, message.partition, message.offset))) await this.mournFor(delivery, reason, 0);
    if (hold.kind === 'stream') this.acks.acknowledge(message, subscription.id, [message.offset]);
  }

  private async park(subscription: Subscription, message: BrokerMessage, state: Pick<Parked, 'attempts' | 'retryInMs' | 'error'>, isRecorded = subscription.topicDurability !== 'stream'): Promise<void> {
    if (!isRecorded) await this.keeps.ensureRecorded(message);
    await this.parking.add([{ subscriptionId: subscription.id, tenantId: subscription.tenantId, message, ...state }]);
  }

  private async mournFor({ subscription, message, attempt }: HeldDelivery, reason: string, redrives: number): Promise<void> {
    await this.keeps.publishDead(subscription, message, reason, redrives);
    await this.ledger.markDead(message, attempt);
  }

  private async end({ subscription, message, hold }: HeldDelivery): Promise<void> {
    if (hold.kind !== 'ledger') {
      if (hold.kind === 'stream') this.acks.acknowledge(message, subscription.id, [message.offset]);
      return;
    }
    await this.untilAvailable(async () => {
      const [isOurs] = await this.settling.add([hold]);
      if (isOurs === false) this.logger.warn({ subscriptionId: subscription.id, messageId: message.messageId }, 'a delivery was taken over by another replica before it was settled');
    });
  }

  private note({ subscription, message, attempt }: HeldDelivery, observed: Observed, outcome: Pick<Attempt, 'status' | 'error' | 'nextAttemptAt'>): void {
    const { startedAt, durationMs, responseStatus, responseHead } = observed;
    const { messageId, partition, offset } = message;
    const { id: subscriptionId, tenantId } = subscription;
    this.log.note([{ subscriptionId, tenantId, messageId, partition, offset, attempt, startedAt, durationMs, responseStatus, responseHead, ...outcome }]);
  }

  /** Does the work, again and again while what it needs is away; it costs the delivery no attempt. @returns whether it was done. */
  private async untilAvailable(work: () => Promise<void>): Promise<boolean> {
    for (;;) {
      try {
        await work();
        return true;
      } catch (error) {
        if (this.isStopping || !(error instanceof AngariumError) || error.retry === 'never') {
          this.logger.warn({ reason: describeError(error) }, 'a delivery could not be settled; its lease will run out and another replica settles it');
          return false;
        }
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
  }
}
