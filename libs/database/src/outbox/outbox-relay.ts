import type { EncodedEvent } from '@angarium/contracts';
import { AngariumError, describeError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import { DatabaseErrors } from '../errors.js';
import { within } from '../within.js';
import { hasWaiting, setAside, takeOldest, type OutboxDatabase } from './outbox.repository.js';

export interface OutboxRelayOptions {
  /**
   * Resolves when all events are durable in their streams, in this order; rejects otherwise.
   * May be given an event again after a crash, with the same id. The signal aborts when the relay has given up waiting.
   */
  readonly publish: (events: readonly EncodedEvent[], signal: AbortSignal) => Promise<unknown>;
  readonly logger: Logger;
  /** How often it looks for what nobody kicked for: a replica that died after its commit. Default 1 000 ms. */
  readonly sweepMs?: number;
  /** Most events of one pass. Default 200. */
  readonly batchSize?: number;
  /** Longest wait for `publish`. Default 5 000 ms. Keep it below twice DATABASE_TIMEOUT_MS: Postgres then ends the idle transaction. */
  readonly publishTimeoutMs?: number;
  /** Longest pause after failures; they begin at 50 ms and double. Default 1 000 ms. */
  readonly backoffMaxMs?: number;
  /** After each commit: how many events left, and how long (ms) the first of them had waited. */
  readonly onRelayed?: (count: number, oldestAgeMs: number) => void;
  /** From 0 (included) to 1; spreads the pauses of many replicas. */
  readonly random?: () => number;
}

/** Kicks that come within this time after a pass began share the next one: alone an event leaves at once, in a crowd with the others. */
const GATHER_MS = 20;

/**
 * Moves events from one owner's outbox into their streams, at least once and in the order of writing; any number of replicas may do so.
 *
 * States: **resting** until a kick or the sweep; **relaying**, one pass after the other while there is something to move;
 * **backing off** after a failure, when kicks are left to the pass that follows; **stopped**. A failure never leaves the loop.
 * A pass is one transaction: take the rows, publish, commit. A crash before the commit leaves the rows, so they are published
 * again under the same ids, which the append script knows.
 */
export class OutboxRelay {
  private readonly logger: Logger;
  private isStarted = false;
  /** Somebody kicked since the pass that runs, or the last one, began. */
  private isAskedAgain = false;
  private passedAt = -Infinity;
  private failures = 0;
  /** How many passes still publish one event only, to find the one that cannot be published. */
  private singles = 0;
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private passing: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly db: OutboxDatabase,
    private readonly options: OutboxRelayOptions,
  ) {
    this.logger = options.logger.child({ outbox: db.$owner });
  }

  /** Begins to sweep, at once for what an earlier process left. Does not block. Idempotent. */
  start(): void {
    if (this.isStarted) return;
    this.isStarted = true;
    this.failures = 0;
    this.kick();
  }

  /** Resolves when the pass that runs is over; nothing begins afterwards. Idempotent. */
  async stop(): Promise<void> {
    this.isStarted = this.isAskedAgain = false;
    clearTimeout(this.timer);
    await this.running;
  }

  /** Call it after a commit: relays at once. Returns immediately, never throws; many calls make one pass. */
  kick(): void {
    if (!this.isStarted) return;
    const isGathering = this.isAskedAgain;
    this.isAskedAgain = true;
    if (this.running === undefined && this.failures === 0 && !isGathering) this.runGathered();
  }

  /**
   * One pass: at most one batch. Passes of this process follow each other, those of other processes wait for each other in Postgres.
   * @returns how many events were published and left the outbox.
   * @throws what `publish` throws, OUTBOX_PUBLISH_TIMEOUT, DATABASE_UNAVAILABLE, DATABASE_BUSY; the events are then still in the outbox.
   */
  relayOnce(): Promise<number> {
    const pass = this.passing.then(() => this.pass());
    this.passing = pass.catch(() => undefined); // told to the caller of the pass that failed
    return pass;
  }

  private get batchSize(): number {
    return this.singles > 0 ? 1 : (this.options.batchSize ?? 200);
  }

  private runGathered(): void {
    const waitMs = this.passedAt + GATHER_MS - performance.now();
    if (waitMs <= 0) return this.run();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.run(), waitMs);
  }

  private run(): void {
    clearTimeout(this.timer);
    this.running = this.drain().finally(() => {
      this.running = undefined;
      if (!this.isStarted) return;
      if (this.isAskedAgain && this.failures === 0) this.runGathered();
      else this.timer = setTimeout(() => this.run(), this.pauseMs());
    });
  }

  /** Passes until one is not full, something fails or stop() is called. Never rejects. */
  private async drain(): Promise<void> {
    try {
      let isFull = true;
      while (isFull && this.isStarted) {
        this.passedAt = performance.now();
        const [isAsked, batchSize] = [this.isAskedAgain, this.batchSize];
        this.isAskedAgain = false;
        const count = isAsked || (await hasWaiting(this.db)) ? await this.relayOnce() : 0;
        this.recovered();
        isFull = count === batchSize;
      }
    } catch (error) {
      this.failed(error);
    }
  }

  private async pass(): Promise<number> {
    const { publishTimeoutMs = 5_000, onRelayed } = this.options;
    let batch: readonly EncodedEvent[] = [];
    try {
      const { events, oldestAgeMs } = await this.db.$sql.transaction(async (tx) => {
        const taken = await takeOldest(tx, this.db.$owner, this.batchSize);
        batch = taken.events;
        if (batch.length > 0) await this.publish(batch, publishTimeoutMs);
        return taken;
      });
      if (events.length > 0) onRelayed?.(events.length, oldestAgeMs);
      this.singles = Math.max(0, this.singles - 1);
      return events.length;
    } catch (error) {
      await this.isolate(error, batch);
      throw error;
    }
  }

  private async publish(events: readonly EncodedEvent[], timeoutMs: number): Promise<void> {
    const aborter = new AbortController();
    await within(timeoutMs, this.options.publish(events, aborter.signal), () => {
      const error = DatabaseErrors.OUTBOX_PUBLISH_TIMEOUT(
        `${events.length} events of the outbox could not be published within ${timeoutMs} ms. They stay there and are tried again.`,
      );
      aborter.abort(error);
      return error;
    });
  }

  /** An event that can never be published must not hold up the others: found by publishing one by one, then set aside. */
  private async isolate(error: unknown, batch: readonly EncodedEvent[]): Promise<void> {
    const [event] = batch;
    if (event === undefined || !(error instanceof AngariumError) || error.retry !== 'never') return;
    this.singles = batch.length > 1 ? batch.length : 0;
    if (batch.length > 1) return;
    const reason = describeError(error);
    await setAside(this.db, event.attributes.id, reason);
    this.logger.error({ eventId: event.attributes.id, type: event.attributes.type, reason }, 'event can never be published; set aside in the outbox');
  }

  private failed(error: unknown): void {
    this.failures++;
    const reason = describeError(error);
    if (this.failures === 1) this.logger.warn({ reason }, 'outbox cannot be relayed; trying again');
    else this.logger.debug({ reason, failures: this.failures }, 'outbox still cannot be relayed');
  }

  private recovered(): void {
    if (this.failures > 0) this.logger.info({ failures: this.failures }, 'outbox is relayed again');
    this.failures = 0;
  }

  private pauseMs(): number {
    const { sweepMs = 1_000, backoffMaxMs = 1_000, random = Math.random } = this.options;
    if (this.failures === 0) return sweepMs;
    const pause = Math.min(backoffMaxMs, 50 * 2 ** Math.min(this.failures - 1, 16));
    return pause * (0.5 + random() / 2);
  }
}
