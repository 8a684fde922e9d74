import { runOutside, type Logger } from '@angarium/observability';
import { isPush, type Subscription } from '../../catalog/subscriptions/subscription.js';
import type { BrokerMessage } from '../broker-message.js';
import type { LedgerRepository } from '../settle/ledger.repository.js';
import type { HeldDelivery, Hold } from '../settle/settle-delivery.js';
import { chooseNext, Rotation } from './choose-next.js';
import { describeError } from '@angarium/errors';
import type { HeldDeliveries } from './held-deliveries.js';
import type { ReadStream } from './read-stream.js';

/** The lease of a delivery from the ledger; renewed while it is attempted. */
export const LEASE_MS = 5_000;
/** A subscription that could not be read is left alone for a moment. */
const AFTER_FAILURE_MS = 500;

/** What this replica knows of a subscription that it pushes. */
interface Track {
  subscription: Subscription;
  inFlight: number;
  /** Partitions that may hold something new, each with a mark that changes with every wake-up. */
  readonly hot: Map<number, number>;
  isDue: boolean;
  isReading: boolean;
  quietUntil: number;
}

export interface DispatcherOptions {
  readonly slots: number;
  readonly read: ReadStream;
  readonly ledger: LedgerRepository;
  readonly held: HeldDeliveries;
  /** Attempts a delivery and settles it. Never rejects. */
  readonly attempt: (delivery: HeldDelivery) => Promise<void>;
  /** How many deliveries of the subscription the circuit breaker lets through now. */
  readonly breakerLimit: (subscription: Subscription) => number;
  readonly logger: Logger;
}

/**
 * Hands messages to their destinations, as many at a time as there are slots, fairly between tenants and subscriptions.
 * States of a subscription: cold; hot (its stream may hold something new) or due (the ledger does), then it competes for slots;
 * reading. It gets cold when a read brings less than it asked for. Wake-ups come from drain, from other replicas' signals,
 * and from the slow looks at groups and ledger.
 */
export class Dispatcher {
  private readonly tracks = new Map<string, Track>();
  private readonly rotation = new Rotation();
  private readonly inFlightByTenant = new Map<string, number>();
  private used = 0;
  private marks = 0;
  private isStarted = false;
  private isPumping = false;

  constructor(private readonly options: DispatcherOptions) {}

  start(): void {
    this.isStarted = true;
    this.pump();
  }

  /** Reads nothing more; resolves when what is in flight has ended, or after `graceMs`: the rest is taken over by others. */
  async stop(graceMs: number): Promise<void> {
    this.isStarted = false;
    const until = performance.now() + graceMs;
    while (this.used > 0 && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  get inFlightCount(): number {
    return this.used;
  }

  /** A partition may hold something new for this subscription. */
  wake(subscription: Subscription, partition: number): void {
    if (!isPush(subscription) || subscription.isOrdered) return;
    this.track(subscription).hot.set(partition, ++this.marks);
    this.pump();
  }

  /** The ledger holds something that is due. */
  wakeDue(subscription: Subscription): void {
    if (!isPush(subscription)) return;
    this.track(subscription).isDue = true;
    this.pump();
  }

  /** Its settings are other ones now. */
  changed(subscription: Subscription): void {
    const track = this.tracks.get(subscription.id);
    if (track !== undefined) track.subscription = subscription;
    this.pump();
  }

  gone({ id }: Subscription): void {
    this.tracks.delete(id);
  }

  private track(subscription: Subscription): Track {
    let track = this.tracks.get(subscription.id);
    if (track === undefined) {
      track = { subscription, inFlight: 0, hot: new Map(), isDue: false, isReading: false, quietUntil: 0 };
      this.tracks.set(subscription.id, track);
    }
    track.subscription = subscription;
    return track;
  }

  /** Gives the free slots away, once in a turn of the event loop. */
  private pump(): void {
    if (this.isPumping || !this.isStarted) return;
    this.isPumping = true;
    // a request that changed a subscription wakes it, too; the deliveries are not that request's
    runOutside(() =>
      setImmediate(() => {
        this.isPumping = false;
        while (this.isStarted && this.giveSlots());
      }),
    );
  }

  private giveSlots(): boolean {
    const now = performance.now();
    const candidates = [];
    for (const { subscription, hot, isDue, isReading, inFlight, quietUntil } of this.tracks.values()) {
      if (isReading || subscription.status !== 'active' || (hot.size === 0 && !isDue) || quietUntil > now) continue;
      const maxInFlight = Math.min(subscription.maxInFlight, this.options.breakerLimit(subscription));
      candidates.push({ subscriptionId: subscription.id, tenantId: subscription.tenantId, inFlight, maxInFlight });
    }
    if (candidates.length === 0) return false;
    const { inFlightByTenant, rotation } = this;
    const choice = chooseNext({ candidates, inFlightByTenant, totalSlots: this.options.slots, usedSlots: this.used, rotation });
    const track = choice && this.tracks.get(choice.subscriptionId);
    if (choice === undefined || track === undefined) return false;
    rotation.note(choice);
    const count = Math.min(choice.count, track.subscription.batchSize);
    // the slots are taken now, and given back where the read brings less
    this.use(track, count);
    track.isReading = true;
    void this.read(track, count);
    return true;
  }

  private async read(track: Track, count: number): Promise<void> {
    let left = count;
    try {
      // A breaker that is half open asks with a single delivery, and with a new one: what failed before may be the message's fault and says little
      // of the receiver. Asked with it again and again, a healthy one would stay shut off until its attempts are used up.
      const isProbe = this.options.breakerLimit(track.subscription) === 1;
      if (track.isDue && !isProbe) left -= await this.readLedger(track, left);
      for (const [partition, mark] of [...track.hot]) {
        if (left === 0) break;
        left -= await this.readStream(track, partition, mark, left);
      }
      if (track.isDue && isProbe && left > 0) left -= await this.readLedger(track, left);
    } catch (error) {
      track.quietUntil = performance.now() + AFTER_FAILURE_MS;
      setTimeout(() => this.pump(), AFTER_FAILURE_MS).unref();
      this.options.logger.warn({ subscriptionId: track.subscription.id, reason: describeError(error) }, 'a subscription could not be read; it is tried again');
    }
    track.isReading = false;
    this.free(track, left);
    this.pump();
  }

  private async readLedger(track: Track, count: number): Promise<number> {
    const { subscription } = track;
    const leased = await this.options.ledger.take(subscription.id, count, LEASE_MS, subscription.isOrdered);
    if (leased.length < count) track.isDue = false;
    for (const { id, token, attempt, redrives, message } of leased) this.begin(track, message, { kind: 'ledger', id, token, redrives }, attempt);
    return leased.length;
  }

  private async readStream(track: Track, partition: number, mark: number, count: number): Promise<number> {
    const messages = await this.options.read.next(track.subscription, partition, count);
    // unless it was woken again meanwhile
    if (messages.length < count && track.hot.get(partition) === mark) track.hot.delete(partition);
    for (const message of messages) this.begin(track, message, { kind: 'stream' }, 1);
    return messages.length;
  }

  private begin(track: Track, message: BrokerMessage, hold: Hold, attempt: number): void {
    const { held } = this.options;
    const delivery: HeldDelivery = { subscription: track.subscription, message, hold, attempt };
    held.add(delivery);
    void this.options.attempt(delivery).finally(() => {
      held.remove(delivery);
      // what came next of its key may be delivered now
      if (track.subscription.isOrdered) track.isDue = true;
      this.free(track, 1);
      this.pump();
    });
  }

  private use(track: Track, count: number): void {
    const { tenantId } = track.subscription;
    this.used += count;
    track.inFlight += count;
    this.inFlightByTenant.set(tenantId, (this.inFlightByTenant.get(tenantId) ?? 0) + count);
  }

  private free(track: Track, count: number): void {
    const { tenantId } = track.subscription;
    this.used -= count;
    track.inFlight -= count;
    const left = (this.inFlightByTenant.get(tenantId) ?? 0) - count;
    if (left > 0) this.inFlightByTenant.set(tenantId, left);
    else this.inFlightByTenant.delete(tenantId);
  }
}
