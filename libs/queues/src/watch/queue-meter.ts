import { queueNames } from '@angarium/contracts';
import { describeError } from '@angarium/errors';
import type { Gauge, Logger, Metrics } from '@angarium/observability';
import { RedisErrors, type RedisConnection } from '@angarium/redis';
import type { QueueStatus } from '../manage/queue-view.js';
import { oldestWaitingSince } from './oldest-waiting.js';

/** Several scrapes, and the two gauges of one, share a look. */
const KEPT_MS = 1_000;
/** A scrape waits no longer; Prometheus would give up after ten seconds and lose all other metrics too. */
const DEADLINE_MS = 2_000;

export interface QueueMeterOptions {
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly redis: RedisConnection;
  /** What the keys of all queues begin with. */
  readonly prefix: string;
  readonly statuses: () => Promise<readonly QueueStatus[]>;
}

/**
 * Tells at each scrape how deep the queues are and how long the oldest waiting job has waited: counts and heads of lists, nothing is scanned.
 * Every replica tells the same; take the max() of them. While Redis is away there are no such figures, since old ones would lie.
 */
export class QueueMeter {
  private readonly depth: Gauge<'queue' | 'status'>;
  private readonly oldest: Gauge<'queue'>;
  private last: { readonly at: number; readonly look: Promise<void> } | undefined;
  private isFailing = false;

  constructor(private readonly options: QueueMeterOptions) {
    const collect = () => this.look();
    this.depth = options.metrics.gauge('bull_queue_depth', 'Jobs of a queue by state; paused: of those waiting, how many a pause holds back.', ['queue', 'status'], collect);
    this.oldest = options.metrics.gauge('bull_queue_oldest_waiting_seconds', 'How long the job has waited that has waited longest; 0: none waits.', ['queue'], collect);
  }

  private look(): Promise<void> {
    const now = performance.now();
    if (this.last === undefined || now - this.last.at > KEPT_MS) this.last = { at: now, look: this.pass() };
    return this.last.look;
  }

  /** One look. Never rejects: what else /metrics tells is told all the same. */
  private async pass(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const overdue = new Promise<never>((_resolve, reject) => (timer = setTimeout(() => reject(RedisErrors.REDIS_UNAVAILABLE()), DEADLINE_MS)));
    try {
      await Promise.race([this.read(), overdue]);
      if (this.isFailing) this.options.logger.info('depths of queues are told again');
      this.isFailing = false;
    } catch (error) {
      this.depth.reset();
      this.oldest.reset();
      if (!this.isFailing) this.options.logger.warn({ reason: describeError(error) }, 'depths of queues are not told until Redis answers');
      this.isFailing = true;
    } finally {
      clearTimeout(timer);
    }
  }

  private async read(): Promise<void> {
    const { redis, prefix, statuses } = this.options;
    const [all, since] = await Promise.all([statuses(), Promise.all(queueNames.map((name) => oldestWaitingSince(redis, `${prefix}:${name}`)))]);
    for (const { name, counts } of all) for (const [status, count] of Object.entries(counts)) this.depth.set({ queue: name, status }, count);
    const now = Date.now();
    queueNames.forEach((queue, index) => this.oldest.set({ queue }, Math.max(0, now - (since[index] ?? now)) / 1_000));
  }
}
