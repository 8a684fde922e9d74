import { describeError } from '@angarium/errors';
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

/**
 * Beside a consumer: keeps what it is handling, and takes over what others (or this consumer in an earlier life) abandoned.
 * A loop of `pass`es; it ends with `stop`. The cursor of the scan is kept, so that a long list is gone through once.
 */
export class GroupUpkeep {
  private readonly signal = new Signal();
  private readonly intervalMs: number;
  private cursor = '';
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

  async stop(): Promise<void> {
    this.isStopped = true;
    this.signal.fire();
    await this.loop;
  }

  /** The consumer has room: when the last scan was not at its end, it goes on now instead of after the interval. */
  more(): void {
    if (this.cursor !== '') this.signal.fire();
  }

  /** Keeps what is held, then takes over as much as the consumer has room for. */
  async pass(): Promise<void> {
    const { stream, group, consumer, reclaimIdleMs, count, link, log } = this.options;
    const held = this.consumer.held();
    if (held.length > 0) this.consumer.lose(await link.run('keep', (operations) => operations.keep(stream, group, consumer, held)));
    while (this.consumer.room > 0) {
      const from = this.cursor;
      const request = { stream, group, consumer, minIdleMs: reclaimIdleMs, count, cursor: from };
      const { entries, cursor } = await link.run('reclaim', (operations) => operations.reclaim(request));
      this.cursor = cursor;
      if (entries.length > 0) log.info({ stream, group, consumer, count: entries.length }, 'Abandoned messages taken over');
      this.consumer.take(entries.map(({ id, fields, deliveryCount }) => ({ id, fields, attempts: deliveryCount + 1 })));
      if (cursor === '') return;
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
