import { ignoreError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import { queuePrefix } from '@angarium/queues';
import { closeRedis, connectRedis, type RedisConnection } from '@angarium/redis';
import { Queue } from 'bullmq';

export interface EmailQueueOptions {
  readonly redisUrl: string;
  /** Number of the Redis database of the queues. */
  readonly queueDb: number;
  readonly namespace: string;
  readonly logger: Logger;
  readonly reconnectMaxMs?: number;
  /** Longest wait for the counts, in milliseconds. Default 1 000. */
  readonly timeoutMs?: number;
}

export interface JobCounts {
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  readonly failed: number;
  readonly completed: number;
}

/** Counts the jobs of the queue `email`. Connects when it is asked first: the queues live in another database than the streams. */
export class EmailQueue {
  private opened: { readonly redis: RedisConnection; readonly queue: Queue } | undefined;

  constructor(private readonly options: EmailQueueOptions) {}

  /** Undefined while Redis does not answer. Never throws. */
  async counts(): Promise<JobCounts | undefined> {
    const ignored = ignoreError(this.options.logger, 'email-queue.counts', 'the figures of the topics are shown without those of the queue');
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), this.options.timeoutMs ?? 1_000);
    });
    const counted = this.open().queue.getJobCounts('wait', 'prioritized', 'active', 'delayed', 'failed', 'completed').catch(ignored);
    const counts = await Promise.race([counted, late]);
    clearTimeout(timer);
    if (!counts) return undefined;
    const { wait = 0, prioritized = 0, active = 0, delayed = 0, failed = 0, completed = 0 } = counts;
    return { waiting: wait + prioritized, active, delayed, failed, completed };
  }

  async close(): Promise<void> {
    if (this.opened === undefined) return;
    const { queue, redis } = this.opened;
    await queue.close().catch(ignoreError(this.options.logger, 'email-queue.close', 'the connection below it is closed next'));
    await closeRedis(redis);
  }

  private open() {
    if (this.opened !== undefined) return this.opened;
    const { redisUrl, queueDb, namespace, logger, reconnectMaxMs } = this.options;
    const redis = connectRedis({ url: redisUrl, db: queueDb, name: 'mq-broker:email-queue', logger, ...(reconnectMaxMs === undefined ? {} : { reconnectMaxMs }) });
    const queue = new Queue('email', { connection: redis, prefix: queuePrefix(namespace), skipVersionCheck: true, skipMetasUpdate: true });
    queue.on('error', (error) => logger.debug({ reason: error.message }, 'queue connection'));
    this.opened = { redis, queue };
    return this.opened;
  }
}
