import type { QueueName } from '@angarium/contracts';
import type { Job } from 'bullmq';
import type { JobEnvelope } from '../job-envelope.js';
import { showPayload } from '../show-payload.js';
import { showResult, showText } from './show-result.js';
import type { JobState, JobView } from './queue-view.js';

/** The names that BullMQ gives to what is waiting here. */
const waitingStates = ['wait', 'waiting', 'prioritized', 'waiting-children', 'paused'];

/** A state of BullMQ by the name it has here. Pure. */
export function stateOf(state: string): JobView['state'] {
  if (waitingStates.includes(state)) return 'waiting';
  return (['active', 'completed', 'failed', 'delayed'] satisfies JobState[]).find((it) => it === state) ?? 'unknown';
}

/** A job as people may see it. Stack traces stay out: they quote what code was working on. Pure. */
export function showJob(queue: QueueName, job: Job, state: JobView['state']): JobView {
  // jobs that others put into our queues have any data, or none
  const { payload, context, idempotencyKey } = (typeof job.data === 'object' && job.data !== null ? job.data : {}) as Partial<JobEnvelope>;
  return {
    ...{ id: job.id ?? '', name: job.name, queue, state },
    data: showPayload(job.name, payload),
    progress: showResult(job.progress),
    ...{ attemptsMade: job.attemptsMade, maxAttempts: job.opts.attempts ?? 1 },
    failedReason: typeof job.failedReason === 'string' ? showText(job.failedReason) : null,
    // BullMQ keeps null where nothing was answered
    returnvalue: showResult(job.returnvalue ?? null),
    ...{ createdAt: new Date(job.timestamp).toISOString(), processedAt: isoOf(job.processedOn), finishedAt: isoOf(job.finishedOn) },
    ...{ delay: job.opts.delay ?? 0, priority: job.opts.priority ?? 0 },
    ...{ tenant: context?.tenant ?? null, idempotencyKey: idempotencyKey ?? null },
  };
}

function isoOf(time: number | null | undefined): string | null {
  return typeof time === 'number' ? new Date(time).toISOString() : null;
}
