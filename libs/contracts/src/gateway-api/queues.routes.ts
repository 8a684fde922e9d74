import { z } from 'zod';
import { defineRoute } from '../route.js';

const count = z.number().int().min(0);
const time = z.iso.datetime();
const operator = { tag: 'Queues', access: { kind: 'operator' } } as const;
const unavailable = ['QUEUE_UNKNOWN', 'REDIS_UNAVAILABLE', 'REDIS_REFUSED'] as const;

const queueParam = { name: z.string().min(1).max(100).describe('Name of a queue, such as `email`.') };
const jobParams = z.object({ ...queueParam, jobId: z.string().min(1).max(300).describe('Id of a job: its idempotency key with | for each colon.') });
const jobState = z.enum(['waiting', 'active', 'completed', 'failed', 'delayed']);
const jobExample = { name: 'email', jobId: 'order-4711' };

const queueStatus = z
  .object({
    name: z.string(),
    counts: z.object({
      waiting: count.describe('What a free worker may take, of every priority.'),
      active: count,
      completed: count.describe('Those that are kept: a day, at most 1 000.'),
      failed: count.describe('Those that are kept: 7 days.'),
      delayed: count.describe('Ready later: scheduled, or to be tried again.'),
      paused: count.describe('Of those waiting, how many a pause holds back: all or none.'),
    }),
    isPaused: z.boolean(),
  })
  .meta({ id: 'QueueStatus' });

export const jobView = z
  .object({
    id: z.string(),
    name: z.string().describe('Type of the job.'),
    queue: z.string(),
    state: z.enum([...jobState.options, 'unknown']),
    data: z.unknown().describe('The payload without bodies, codes and credentials, and with a part of addresses and phones only.'),
    progress: z.unknown().describe('0 to 100, or what the worker told.'),
    attemptsMade: count,
    maxAttempts: count,
    failedReason: z.string().nullable().describe('Code and message of the last failure.'),
    returnvalue: z.unknown().describe('What the worker answered with; null where nothing.'),
    createdAt: time,
    processedAt: time.nullable(),
    finishedAt: time.nullable(),
    delay: count.describe('Milliseconds between its being added and its being ready.'),
    priority: count.describe('1 is taken first, 10 last; 0: before all others.'),
    tenant: z.string().nullable(),
    idempotencyKey: z.string().nullable(),
  })
  .meta({ id: 'Job' });

export const GetQueuesStatus = defineRoute({
  ...operator,
  id: 'queues.status',
  method: 'GET',
  path: '/queues/status',
  summary: 'Show how much is in each queue, and in all of them.',
  response: z
    .object({
      timestamp: time,
      queues: z.array(queueStatus),
      summary: z.object({ totalQueues: count, totalWaiting: count, totalActive: count, totalCompleted: count, totalFailed: count, totalDelayed: count }),
    })
    .meta({ id: 'QueuesStatus' }),
  errors: ['REDIS_UNAVAILABLE', 'REDIS_REFUSED'],
});

/** Jobs of one page. */
export const MAX_JOBS = 100;

const jobsQuery = z
  .object({
    status: jobState.default('waiting'),
    start: z.coerce.number().int().min(0).max(1_000_000_000).default(0).describe('Position of the first job, from 0.'),
    end: z.coerce.number().int().min(0).max(1_000_000_100).optional().describe(`Position of the last job; that one is shown too. At most ${MAX_JOBS} jobs. Left out: by limit.`),
    limit: z.coerce.number().int().min(1).max(MAX_JOBS).default(20).describe('How many jobs, where end is left out.'),
  })
  .refine(({ start, end }) => end === undefined || end >= start, { error: 'must not be before start', path: ['end'] })
  .refine(({ start, end }) => end === undefined || end - start < MAX_JOBS, { error: `may be at most ${MAX_JOBS - 1} after start: ask for the next page`, path: ['end'] });

export const ListQueueJobs = defineRoute({
  ...operator,
  id: 'queues.jobs',
  method: 'GET',
  path: '/queues/{name}/jobs',
  summary: 'List the jobs of a queue in one state: what is taken next, or what ended last, comes first.',
  params: z.object(queueParam),
  query: jobsQuery,
  response: z.object({ queue: z.string(), status: jobState, start: count, end: count, total: count.describe('In this state.'), jobs: z.array(jobView) }).meta({ id: 'QueueJobs' }),
  errors: unavailable,
  example: { params: { name: 'email' }, query: { status: 'failed', start: '0', end: '10' } },
});

export const GetQueueJob = defineRoute({
  ...operator,
  id: 'queues.job',
  method: 'GET',
  path: '/queues/{name}/jobs/{jobId}',
  summary: 'Show one job: its state, progress and outcome.',
  params: jobParams,
  response: jobView,
  errors: [...unavailable, 'JOB_NOT_FOUND'],
  example: { params: jobExample },
});

export const jobReference = z.object({ queue: z.string(), jobId: z.string() }).meta({ id: 'JobReference' });

export const RetryQueueJob = defineRoute({
  ...operator,
  id: 'queues.retry-job',
  method: 'POST',
  path: '/queues/{name}/jobs/{jobId}/retry',
  summary: 'Put a failed job back for another try.',
  params: jobParams,
  response: jobReference,
  errors: [...unavailable, 'JOB_NOT_FOUND', 'JOB_STATE_WRONG'],
  example: { params: jobExample },
});

export const RemoveQueueJob = defineRoute({
  ...operator,
  id: 'queues.remove-job',
  method: 'DELETE',
  path: '/queues/{name}/jobs/{jobId}',
  summary: 'Remove a job; one that is scheduled is cancelled thereby. One that is being done is refused.',
  params: jobParams,
  status: 204,
  response: z.undefined(),
  errors: [...unavailable, 'JOB_NOT_FOUND', 'JOB_STATE_WRONG'],
  example: { params: jobExample },
});

const pauseAnswer = z.object({ queue: z.string(), isPaused: z.boolean() }).meta({ id: 'QueuePause' });

export const PauseQueue = defineRoute({
  ...operator,
  id: 'queues.pause',
  method: 'POST',
  path: '/queues/{name}/pause',
  summary: 'Let the workers of a queue take nothing more. What they do, they end; what is added waits.',
  params: z.object(queueParam),
  response: pauseAnswer,
  errors: unavailable,
  example: { params: { name: 'email' } },
});

export const ResumeQueue = defineRoute({
  ...operator,
  id: 'queues.resume',
  method: 'POST',
  path: '/queues/{name}/resume',
  summary: 'Let the workers of a queue go on.',
  params: z.object(queueParam),
  response: pauseAnswer,
  errors: unavailable,
  example: { params: { name: 'email' } },
});

const removed = z.object({ queue: z.string(), removed: count.describe('How many jobs.') }).meta({ id: 'RemovedJobs' });

export const EmptyQueue = defineRoute({
  ...operator,
  id: 'queues.empty',
  method: 'DELETE',
  path: '/queues/{name}/empty',
  summary: 'Remove all that waits or is delayed. There is no way back.',
  params: z.object(queueParam),
  response: removed,
  errors: unavailable,
  example: { params: { name: 'log-processing' } },
});

export const CleanQueue = defineRoute({
  ...operator,
  id: 'queues.clean',
  method: 'POST',
  path: '/queues/{name}/clean',
  summary: 'Remove jobs of one state that are older than the grace.',
  params: z.object(queueParam),
  body: z.strictObject({
    grace: z.int().min(0).max(31_536_000_000).default(86_400_000).describe('Milliseconds since their end, or since they were added; default 24 hours.'),
    type: z.enum(['completed', 'failed', 'delayed', 'waiting']).default('completed'),
    limit: z.int().min(1).max(10_000).default(1_000).describe('How many at most.'),
  }),
  response: removed,
  errors: unavailable,
  example: { params: { name: 'email' }, body: { grace: 3_600_000, type: 'completed' } },
});
