import { randomUUID } from 'node:crypto';
import { ignoreError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import type { RedisConnection } from '@angarium/redis';
import { DelayedError, UnrecoverableError, Worker, type Job } from 'bullmq';
import type { JobEnvelope } from './job-envelope.js';
import { JobPriority } from './queue-defaults.js';

const LOOK_EVERY_MS = 10;
/** BullMQ's scores: a waiting job has priority times 2^32 and a number that counts up, a delayed one its time in milliseconds times 4096. */
const SCORE_PER_PRIORITY = 2 ** 32;
const SCORE_PER_MS = 4_096;
/** Jobs that one look gives back at most. */
const MAX_GIVEN_BACK = 100;
const RENEWALS_PER_LOCK = 5;

export interface ExpressLaneOptions {
  readonly queue: string;
  readonly redis: RedisConnection;
  readonly prefix: string;
  readonly lockMs: number;
  /** Critical jobs at a time beside the normal ones. 0: none, there is no lane. */
  readonly slots: number;
  /** Normal jobs at a time in this replica. */
  readonly concurrency: number;
  /** How long the limiter of the queue may hold jobs back. */
  readonly limiterWindowMs: number;
  readonly logger: Logger;
  /** The same that does a normal job. */
  readonly run: (job: Job<JobEnvelope>, token: string) => Promise<unknown>;
  /** A job that too many workers died with is ended without a try. */
  readonly onGivenUp: (jobName: string) => void;
}

/**
 * Takes critical jobs while normal ones hold them up, because BullMQ takes by priority only when a slot is free and the limiter lets it.
 *
 * States: **resting**, while a normal slot is free and the limiter's window is over: it asks nothing, an idle queue costs nothing.
 * **watching**, while all normal slots are busy, or the limiter may be full: every 10 ms it looks at what is taken next, and takes it when that is
 * critical. What it got besides (another worker was faster, or a job of a dead worker stood before) it gives back to the front of its priority.
 * Until `slots` jobs are taken; then it looks again when one ended. **closed**: nothing is taken any more, those that were taken end.
 * A job taken here has a lock that is renewed as BullMQ does it; where the process dies, another worker gets the job when the lock has ended.
 */
export class ExpressLane {
  private readonly worker: Worker | undefined;
  private readonly running = new Set<Promise<void>>();
  private readonly renewals = new Set<NodeJS.Timeout>();
  private normalCount = 0;
  private lastBegunAt = -Infinity;
  private timer: NodeJS.Timeout | undefined;
  private isLooking = false;
  private isClosed = false;

  constructor(private readonly options: ExpressLaneOptions) {
    const { queue, redis, prefix, lockMs, slots, logger } = options;
    if (slots === 0) return;
    // without a processor it takes jobs only when it is asked to, and without a limiter it is held back by none
    this.worker = new Worker(queue, null, { connection: redis, prefix, lockDuration: lockMs, autorun: false, skipStalledCheck: true, skipLockRenewal: true, skipVersionCheck: true });
    this.worker.on('error', (error) => logger.debug({ queue, reason: error.message }, 'express lane connection'));
  }

  /** Does a normal job, and watches while that may hold up others. */
  async beside<T>(work: () => Promise<T>): Promise<T> {
    this.normalCount += 1;
    this.lastBegunAt = performance.now();
    this.watch();
    try {
      return await work();
    } finally {
      this.normalCount -= 1;
    }
  }

  /** Takes nothing more; resolves when the jobs that it took have ended. Idempotent. */
  async close(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.timer);
    await Promise.all(this.running);
    await this.worker?.close();
  }

  /** Lets go of the jobs that it took: others get them when their locks have ended. For a close that took too long. */
  async abandon(): Promise<void> {
    for (const renewal of this.renewals) clearInterval(renewal);
    await this.worker?.close(true);
  }

  private watch(): void {
    if (this.worker === undefined || this.isClosed || this.isLooking || this.timer !== undefined) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      if (this.mayHoldUp()) void this.lookAndWatch();
    }, LOOK_EVERY_MS);
  }

  private mayHoldUp(): boolean {
    const { concurrency, limiterWindowMs } = this.options;
    return this.normalCount >= concurrency || performance.now() - this.lastBegunAt < limiterWindowMs + LOOK_EVERY_MS;
  }

  private async lookAndWatch(): Promise<void> {
    this.isLooking = true;
    try {
      await this.look();
    } catch (error) {
      ignoreError(this.options.logger, `express lane of ${this.options.queue}`, 'it looks again in 10 ms, and normal slots take critical jobs too')(error);
    } finally {
      this.isLooking = false;
      this.watch();
    }
  }

  /** One look: takes critical jobs while there are some and slots for them. */
  private async look(): Promise<void> {
    for (let count = 0; count < MAX_GIVEN_BACK && this.running.size < this.options.slots && !this.isClosed; count += 1) {
      if (!(await this.isWorthTaking())) return;
      const token = randomUUID();
      const job = (await this.worker?.getNextJob(token, { block: false })) as Job<JobEnvelope> | undefined;
      if (job === undefined) return;
      if (job.priority === JobPriority.CRITICAL) this.begin(job, token);
      else await job.moveToWait(token);
    }
  }

  /** Whether a critical job stands first, or a delayed one is due: only the taking of a job makes those ready, whatever priority they have. */
  private async isWorthTaking(): Promise<boolean> {
    const { redis, prefix, queue } = this.options;
    const [[, waiting], [, delayed]] = await Promise.all([redis.zrange(`${prefix}:${queue}:prioritized`, '0', '0', 'WITHSCORES'), redis.zrange(`${prefix}:${queue}:delayed`, '0', '0', 'WITHSCORES')]);
    return (waiting !== undefined && Number(waiting) < (JobPriority.CRITICAL + 1) * SCORE_PER_PRIORITY) || (delayed !== undefined && Number(delayed) / SCORE_PER_MS <= Date.now());
  }

  private begin(job: Job<JobEnvelope>, token: string): void {
    const { lockMs, logger, queue } = this.options;
    const lost = ignoreError(logger, `express lane of ${queue}`, 'a lock that is gone lets another worker do the job, as when this one had died');
    const renewal = setInterval(() => void job.extendLock(token, lockMs).catch(lost), lockMs / RENEWALS_PER_LOCK);
    this.renewals.add(renewal);
    const work = this.finish(job, token).catch(lost).finally(() => {
      clearInterval(renewal);
      this.renewals.delete(renewal);
      this.running.delete(work);
      this.watch();
    });
    this.running.add(work);
  }

  /** Does the job and notes its end, as BullMQ's own worker does. @throws what BullMQ says when the lock was lost. */
  private async finish(job: Job<JobEnvelope>, token: string): Promise<void> {
    let result: unknown;
    try {
      if (job.deferredFailure) {
        this.options.onGivenUp(job.name);
        throw new UnrecoverableError(job.deferredFailure);
      }
      result = await this.options.run(job, token);
    } catch (error) {
      // it was put back already
      if (error instanceof DelayedError) return;
      await job.moveToFailed(error instanceof Error ? error : new Error(String(error)), token, false);
      return;
    }
    await job.moveToCompleted(result, token, false);
  }
}
