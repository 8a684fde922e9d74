import { queueNames, type QueueName } from '@angarium/contracts';
import { RedisErrors, toRedisError } from '@angarium/redis';
import { ErrorCode, type Job, type Queue } from 'bullmq';
import { QueueErrors } from '../errors.js';
import { listJobs } from './list-jobs.js';
import type { CleanableState, JobState, JobView, QueueStatus } from './queue-view.js';
import { showJob, stateOf } from './show-job.js';

/** How BullMQ calls the places of what `cleanQueue` removes. */
const cleanPlaces = { completed: ['completed'], failed: ['failed'], delayed: ['delayed'], waiting: ['wait', 'prioritized'] } as const;

/** People wait for these answers. */
const DEADLINE_MS = 10_000;

/**
 * Looks at queues and changes what is in them, over all replicas. Nothing here scans: counts and pages are read where they are kept.
 * Every method throws QUEUE_UNKNOWN, REDIS_REFUSED, and REDIS_UNAVAILABLE after 10 s; a change may be carried out even then, when Redis is back.
 */
export class QueueManagement {
  /** @param queueOf gives the connection to a queue. */
  constructor(private readonly queueOf: (name: string) => Queue) {}

  /** How much is in each queue, in the order in which queues are declared. */
  getAllQueuesStatus(): Promise<QueueStatus[]> {
    return Promise.all(queueNames.map((name) => this.getQueueStatus(name)));
  }

  async getQueueStatus(name: string): Promise<QueueStatus> {
    return this.with(name, async (queue, known) => {
      const [counts, isPaused] = await Promise.all([queue.getJobCounts('wait', 'prioritized', 'waiting-children', 'active', 'completed', 'failed', 'delayed'), queue.isPaused()]);
      const count = (type: string) => counts[type] ?? 0;
      const waiting = count('wait') + count('prioritized') + count('waiting-children');
      const others = { active: count('active'), completed: count('completed'), failed: count('failed'), delayed: count('delayed') };
      return { name: known, counts: { waiting, ...others, paused: isPaused ? waiting : 0 }, isPaused };
    });
  }

  /** Jobs of a state from `start` to `end`, both included: what is taken next, or what ended last, comes first. */
  async getQueueJobs(name: string, state: JobState, start = 0, end = 19): Promise<JobView[]> {
    return this.with(name, async (queue, known) => {
      const views: JobView[] = [];
      for await (const job of listJobs(queue, state, start, end)) views.push(showJob(known, job, state));
      return views;
    });
  }

  /** @throws JOB_NOT_FOUND */
  async getJob(name: string, jobId: string): Promise<JobView> {
    return this.with(name, async (queue, known) => {
      const job = await find(queue, jobId);
      return showJob(known, job, stateOf(await job.getState()));
    });
  }

  /**
   * Puts a failed job back for another try, and those that its attempts leave. It goes on counting: by a number beyond the last attempt a worker
   * knows that a person wants it, and does again what it had given up.
   * @throws JOB_NOT_FOUND, JOB_STATE_WRONG when it has not failed.
   */
  async retryJob(name: string, jobId: string): Promise<void> {
    await this.with(name, async (queue) => {
      const job = await find(queue, jobId);
      try {
        await job.retry('failed');
      } catch (error) {
        if (codeOf(error) === ErrorCode.JobNotExist) throw notFound(queue, jobId);
        if (codeOf(error) === ErrorCode.JobNotInState) throw wrongState(job, stateOf(await job.getState()), 'retried', 'only one that has failed can be');
        throw error;
      }
    });
  }

  /** Removes a job; one that was scheduled is cancelled thereby. @throws JOB_NOT_FOUND, JOB_STATE_WRONG while it is being done. */
  async removeJob(name: string, jobId: string): Promise<void> {
    await this.with(name, async (queue) => {
      const job = await find(queue, jobId);
      const refused = () => wrongState(job, 'active', 'removed', 'a worker is doing it. Wait for its end');
      if ((await job.getState()) === 'active') throw refused();
      // 0: a worker took it after it was looked at
      if ((await queue.remove(jobId)) === 0) throw (await queue.getJob(jobId)) === undefined ? notFound(queue, jobId) : refused();
    });
  }

  /** Lets workers take nothing more; what they do, they end. What is added waits. Idempotent. */
  async pauseQueue(name: string): Promise<void> {
    await this.with(name, (queue) => queue.pause());
  }

  /** Idempotent. */
  async resumeQueue(name: string): Promise<void> {
    await this.with(name, (queue) => queue.resume());
  }

  /**
   * Removes all that waits or is delayed, in one step that takes Redis about a second for 500 000 jobs.
   * @returns how many there were; what is added or taken in that moment may make it one or two wrong.
   */
  async emptyQueue(name: string): Promise<number> {
    return this.with(name, async (queue) => {
      const count = await queue.getJobCountByTypes('wait', 'prioritized', 'delayed');
      await queue.drain(true);
      return count;
    });
  }

  /** Removes up to `limit` jobs of a state that are older than `graceMs`: since their end, or their being added. @returns how many. */
  async cleanQueue(name: string, graceMs: number, state: CleanableState = 'completed', limit = 1_000): Promise<number> {
    return this.with(name, async (queue) => {
      let count = 0;
      for (const place of cleanPlaces[state]) {
        // 0 would mean no limit
        if (count < limit) count += (await queue.clean(graceMs, limit - count, place)).length;
      }
      return count;
    });
  }

  private async with<T>(name: string, work: (queue: Queue, known: QueueName) => Promise<T>): Promise<T> {
    const known = requireQueue(name);
    const overdue = deadline();
    try {
      return await Promise.race([work(this.queueOf(known), known), overdue.promise]);
    } catch (error) {
      throw toRedisError(error);
    } finally {
      overdue.cancel();
    }
  }
}

function deadline(): { readonly promise: Promise<never>; cancel(): void } {
  let timer: NodeJS.Timeout | undefined;
  const promise = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(RedisErrors.REDIS_UNAVAILABLE()), DEADLINE_MS);
  });
  return { promise, cancel: () => clearTimeout(timer) };
}

/** @throws QUEUE_UNKNOWN */
function requireQueue(name: string): QueueName {
  const known = queueNames.find((it) => it === name);
  if (known === undefined) throw QueueErrors.QUEUE_UNKNOWN(`There is no queue ${name.slice(0, 100)}. The queues are ${queueNames.join(', ')}.`);
  return known;
}

async function find(queue: Queue, jobId: string): Promise<Job> {
  const job: Job | undefined = await queue.getJob(jobId);
  if (job === undefined) throw notFound(queue, jobId);
  return job;
}

function notFound(queue: Queue, jobId: string) {
  return QueueErrors.JOB_NOT_FOUND(`Queue ${queue.name} has no job ${jobId.slice(0, 300)}. It may have ended and been cleaned away.`);
}

function wrongState(job: Job, state: JobView['state'], what: string, why: string) {
  return QueueErrors.JOB_STATE_WRONG(`Job ${job.id ?? ''} is ${state} and cannot be ${what}: ${why}.`, { details: { state } });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
