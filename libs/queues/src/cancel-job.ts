import type { Job, Queue } from 'bullmq';
import { QueueErrors } from './errors.js';
import type { JobEnvelope } from './job-envelope.js';

/** States in which nobody has begun a job. */
const notBegun = new Set(['waiting', 'delayed', 'prioritized', 'paused', 'waiting-children']);

export interface Cancellation {
  readonly jobId: string;
  /** Whose job it must be; another tenant's does not exist for it. */
  readonly tenant: string;
  /** Of which type it must be. */
  readonly jobName: string;
}

/**
 * Takes back a job that nobody has begun. Removing and beginning exclude each other in Redis: a job that was cancelled is not done.
 * @throws JOB_NOT_FOUND, JOB_STATE_WRONG when it began, ended, or was tried before.
 */
export async function cancelJob(queue: Queue, { jobId, tenant, jobName }: Cancellation): Promise<void> {
  const job = (await queue.getJob(jobId)) as Job<JobEnvelope> | undefined;
  if (job === undefined || job.name !== jobName || job.data.context.tenant !== tenant) throw QueueErrors.JOB_NOT_FOUND(`There is no ${jobName} job of this id.`);
  const state = await job.getState();
  if (!notBegun.has(state) || job.attemptsStarted > 0) throw QueueErrors.JOB_STATE_WRONG(`The job is ${state}: it has begun and cannot be cancelled.`);
  try {
    await job.remove();
  } catch (cause) {
    // a worker has locked it since
    throw QueueErrors.JOB_STATE_WRONG('The job has just begun and cannot be cancelled.', { cause });
  }
}
