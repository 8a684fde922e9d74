import type { QueueJob, QueueJobJson } from '@bull-board/api/typings/app';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { showPayload, showResult, showText } from '@angarium/queues';
import { UnrecoverableError, type Job, type JobType, type Queue } from 'bullmq';

type Statuses = Parameters<BullMQAdapter['getJobs']>[0];

/**
 * One queue as the dashboard may see it. bull-board puts jobs into its answers as they are (data, options, reasons, stack traces), in more places
 * than it has formatters for; here it gets jobs of which nothing else can be read than what people may see, and no way to write their data.
 */
export class ShownQueueAdapter extends BullMQAdapter {
  constructor(private readonly source: Queue) {
    super(source);
  }

  override async getJob(id: string): Promise<Job | undefined> {
    const job: Job | undefined = await this.source.getJob(id);
    // the adapter's methods are typed by BullMQ's job; the board itself asks for no more than QueueJob
    return job === undefined ? undefined : (shown(job) as unknown as Job);
  }

  /** One after the other: each may hold megabytes, and what is shown of it is small. */
  override async getJobs(statuses: Statuses, start = 0, end = -1): Promise<Job[]> {
    const jobs: Job[] = [];
    const types = statuses.filter((it) => it !== 'paused') as JobType[];
    for (const id of await this.source.getRanges(types, start, end)) {
      const job = await this.getJob(id);
      if (job !== undefined) jobs.push(job);
    }
    return jobs;
  }

  /** Nothing writes logs of jobs; those of others might hold anything. */
  override getJobLogs(): Promise<string[]> {
    return Promise.resolve([]);
  }

  /** Trees of jobs come as they are, and this system has none. */
  override getFlowProducer(): Promise<null> {
    return Promise.resolve(null);
  }

  /** Schedulers hold templates of jobs, and this system has none. */
  override getJobSchedulers(): Promise<never[]> {
    return Promise.resolve([]);
  }

  override addJob(): Promise<never> {
    return Promise.reject(new UnrecoverableError('Jobs are added by the services, which check and seal what is in them.'));
  }
}

/** A copy that has nothing else: no data, no stack trace, and no method that writes either. */
function shown(job: Job): QueueJob {
  const { id, name, opts, timestamp, processedOn, finishedOn, attemptsMade, attemptsStarted, stalledCounter, delay, priority } = job;
  const { attempts, backoff, delay: given, removeOnComplete, removeOnFail } = opts;
  const data = job.data as { payload?: unknown; context?: { tenant?: string; correlationId?: string }; idempotencyKey?: string } | null | undefined;
  const json: QueueJobJson = {
    ...{ id, name, timestamp, attemptsMade, attemptsStarted, stalledCounter, delay, priority },
    ...(processedOn === undefined ? {} : { processedOn }),
    ...(finishedOn === undefined ? {} : { finishedOn }),
    opts: { attempts, backoff, delay: given, priority, removeOnComplete, removeOnFail },
    data: { payload: showPayload(name, data?.payload), tenant: data?.context?.tenant, correlationId: data?.context?.correlationId, idempotencyKey: data?.idempotencyKey },
    progress: showResult(job.progress) as QueueJobJson['progress'],
    returnvalue: showResult(job.returnvalue),
    // Redis has none where the job did not fail
    failedReason: showText((job.failedReason) ?? ''),
    stacktrace: [],
  };
  return {
    opts: { delay: given },
    toJSON: () => json,
    getState: () => job.getState(),
    remove: () => job.remove(),
    promote: () => job.promote(),
    // what was completed would be done again under its old key: that is nothing to do by a slip of the hand
    retry: () => job.retry('failed'),
  };
}
