import { describeError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import type { HeldEntry, StreamEntry } from '../stream-operations.js';
import { Acknowledger } from './acknowledger.js';
import type { ReadSource } from './blocking-reader.js';
import { handOver } from './hand-over.js';
import type { Link } from './link.js';
import type { StreamCallback } from './stream-message.js';

export interface GroupConsumerOptions {
  /** Name in Redis. */
  readonly stream: string;
  readonly group: string;
  readonly consumer: string;
  readonly callback: StreamCallback;
  readonly autoAck: boolean;
  readonly count: number;
  readonly blockMs: number;
  readonly link: Link;
  readonly log: Logger;
  /** Called when it may read again. */
  readonly onFree: () => void;
}

interface TakenEntry extends StreamEntry, HeldEntry {}

/** Longer than anyone's `reclaimIdleMs`: what is given back can be taken at once. */
const IDLE_FOR_EVER_MS = 2_147_483_647;

/**
 * One callback that shares the messages of a group with the group's other consumers, one message at a time and in order.
 *
 * A message is waiting (taken from Redis, kept by the upkeep) → in the callback → acknowledged, or, when the callback failed or
 * `autoAck` is off, left pending: whoever finds it idle for long enough takes it over. Stops by `stop`: the callback in flight
 * ends, what is waiting is given back.
 */
export class GroupConsumer implements ReadSource {
  readonly stream: string;
  readonly count: number;
  readonly blockMs: number;
  private readonly waiting: TakenEntry[] = [];
  /** Attempts by id of what is waiting or in the callback. */
  private readonly taken = new Map<string, number>();
  private readonly acknowledger: Acknowledger;
  private isBusy = false;
  private isStopped = false;
  private working = Promise.resolve();

  constructor(private readonly options: GroupConsumerOptions) {
    const { stream, group, link, log } = options;
    this.stream = stream;
    this.count = options.count;
    this.blockMs = options.blockMs;
    this.acknowledger = new Acknowledger(link, { stream, group }, log);
  }

  /** How many more messages it would like to have at hand. */
  get room(): number {
    return this.isStopped ? 0 : Math.max(0, this.count - this.waiting.length);
  }

  /** What is being handled here, for the upkeep to keep. */
  held(): HeldEntry[] {
    return [...this.taken].map(([id, attempts]) => ({ id, attempts }));
  }

  mayRead(): boolean {
    return !this.isBusy && !this.isStopped;
  }

  after(): string {
    return '>';
  }

  accept(entries: readonly StreamEntry[]): void {
    this.take(entries.map((it) => ({ ...it, attempts: 1 })));
  }

  /** Queues what this consumer was given; what it has at hand already, or handled already, is left out. */
  take(entries: readonly TakenEntry[]): void {
    const fresh = entries.filter(({ id }) => !this.taken.has(id) && !this.acknowledger.has(id));
    for (const entry of fresh) {
      this.taken.set(entry.id, entry.attempts);
      this.waiting.push(entry);
    }
    if (this.isStopped) this.working = this.working.then(() => this.giveBack());
    else if (!this.isBusy && this.waiting.length > 0) {
      this.isBusy = true;
      this.working = this.work();
    }
  }

  /** Asks for abandoned messages and takes them, but not those that are acknowledged while the answer is on its way. */
  async takeOver(reclaim: () => Promise<readonly TakenEntry[]>): Promise<void> {
    await this.acknowledger.during(async () => this.take(await reclaim()));
  }

  /** Another consumer has these now: what is still waiting here is not handled. */
  lose(ids: readonly string[]): void {
    for (const id of ids) this.taken.delete(id);
  }

  /** Makes a group that is gone (Redis was flushed) again, from the start: what was written meanwhile is not lost. */
  async recover(): Promise<void> {
    const { link, log, stream, group } = this.options;
    const isNew = await link.run('XGROUP CREATE', (operations) => operations.ensureGroup(stream, group, '0'));
    if (isNew) log.warn({ stream, group }, 'Consumer group was gone; made again from the start of the stream');
  }

  /** No further callback begins. Resolves when the one in flight has ended, the rest is given back and acknowledgements are through. */
  async stop(): Promise<void> {
    this.isStopped = true;
    await this.working;
    await this.giveBack();
    await this.acknowledger.stop();
  }

  private async work(): Promise<void> {
    const { callback, autoAck, group, log } = this.options;
    for (let entry = this.waiting.shift(); entry !== undefined; entry = this.isStopped ? undefined : this.waiting.shift()) {
      if (!this.taken.has(entry.id)) continue;
      const isDone = await handOver(callback, entry, { stream: this.stream, group }, log);
      if (isDone && autoAck) this.acknowledger.add(entry.id);
      this.taken.delete(entry.id);
    }
    this.isBusy = false;
    if (!this.isStopped) this.options.onFree();
  }

  private async giveBack(): Promise<void> {
    const { link, log, stream, group, consumer } = this.options;
    const back = this.waiting.splice(0).filter(({ id }) => this.taken.delete(id));
    if (back.length === 0) return;
    const uncounted = back.map(({ id, attempts }) => ({ id, attempts: attempts - 1 }));
    try {
      await link.run('give back', (operations) => operations.giveBack(stream, group, consumer, uncounted, IDLE_FOR_EVER_MS));
      log.debug({ stream, group, count: back.length }, 'Messages given back');
    } catch (error) {
      log.warn({ stream, group, count: back.length, reason: describeError(error) }, 'Messages could not be given back; they are taken over when idle');
    }
  }
}
