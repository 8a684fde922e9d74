import { describeError, ignoreError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import { RedisErrors } from '@angarium/redis';
import type { GroupConsumer } from './group-consumer.js';
import type { Link } from './link.js';
import { Signal } from './signal.js';

export interface GroupUpkeepOptions {
  readonly stream: string;
  readonly group: string;
  readonly consumer: string;
  /** A message that nobody was heard of for this long is taken over. */
  readonly reclaimIdleMs: number;
  readonly count: number;
  readonly link: Link;
  readonly log: Logger;
}

/** Four signs of life within the time after which a message counts as abandoned. */
const BEATS = 4;
const MOST_INTERVAL_MS = 15_000;
/** A consumer with nothing pending that was not heard of for this long is removed: names with a process id in them never come back. */
const FORGET_AFTER_MS = 600_000;

/**
 * Beside a consumer: keeps what it is handling, and takes over what others (or this consumer in an earlier life) abandoned.
 * A loop of `pass`es; it ends with `stop`. The cursor of the scan is kept, so that a long list is gone through once.
 */
export class GroupUpkeep {
  private readonly signal = new Signal();
  private readonly intervalMs: number;
  private cursor = '';
  private forgetAt = 0;
  private isStopped = false;
  private loop: Promise<void> | undefined;

  constructor(
    private readonly consumer: GroupConsumer,
    private readonly options: GroupUpkeepOptions,
  ) {
    this.intervalMs = Math.min(MOST_INTERVAL_MS, Math.max(1, Math.floor(options.reclaimIdleMs / BEATS)));
  }

  start(): void {
    this.loop ??= this.run();
  }

  /** Ends the loop and removes the consumer from its group, unless something is pending for it. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.signal.fire();
    await this.loop;
    const { stream, group, consumer, link, log } = this.options;
    const leave = link.run('forget', (operations) => operations.forgetConsumer(stream, group, consumer));
    await leave.catch(ignoreError(log, 'streams.leave', 'the other consumers of the group remove it later'));
  }

  /** The consumer has room: when the last scan was not at its end, it goes on now instead of after the interval. */
  more(): void {
    if (this.cursor !== '') this.signal.fire();
  }

  /** Keeps what is held, takes over as much as the consumer has room for, and now and then removes consumers that are gone. */
  async pass(): Promise<void> {
    const { stream, group, consumer, reclaimIdleMs, count, link, log } = this.options;
    const held = this.consumer.held();
    if (held.length > 0) this.consumer.lose(await link.run('keep', (operations) => operations.keep(stream, group, consumer, held)));
    if (performance.now() >= this.forgetAt) {
      await link.run('forget', (operations) => operations.forgetIdleConsumers(stream, group, FORGET_AFTER_MS));
      this.forgetAt = performance.now() + FORGET_AFTER_MS;
    }
    while (this.consumer.room > 0) {
      await this.consumer.takeOver(async () => {
        const request = { stream, group, consumer, minIdleMs: reclaimIdleMs, count, cursor: this.cursor };
        const { entries, cursor } = await link.run('reclaim', (operations) => operations.reclaim(request));
        this.cursor = cursor;
        if (entries.length > 0) log.info({ stream, group, consumer, count: entries.length }, 'Abandoned messages taken over');
        return entries.map(({ id, fields, deliveryCount }) => ({ id, fields, attempts: deliveryCount + 1 }));
      });
      if (this.cursor === '') return;
    }
  }

  private async run(): Promise<void> {
    while (!this.isStopped) {
      try {
        await this.pass();
      } catch (error) {
        if (this.isStopped) return;
        const { stream, group } = this.options;
        // A group that is gone is made again by its reader, and an absent Redis is reported by the connection.
        const level = RedisErrors.REDIS_UNAVAILABLE.is(error) ? 'debug' : 'warn';
        this.options.log[level]({ stream, group, reason: describeError(error) }, 'Upkeep of a consumer failed; trying again');
      }
      await this.signal.wait(this.intervalMs);
    }
  }
}
