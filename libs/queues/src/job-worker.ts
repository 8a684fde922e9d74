import { catalogue, checkPayload, type JobContract, type PayloadOf, type QueueName } from '@angarium/contracts';
import { describeError, toAngariumError } from '@angarium/errors';
import { runInSpan, type HealthCheck, type Logger, type Metrics } from '@angarium/observability';
import { closeRedis, connectRedis, RedisErrors, type RedisConnection } from '@angarium/redis';
import { createSealer, type Sealer } from '@angarium/secrets';
import { DelayedError, UnrecoverableError, Worker, type Job } from 'bullmq';
import { QueueErrors } from './errors.js';
import { ExpressLane } from './express-lane.js';
import type { JobEnvelope } from './job-envelope.js';
import { defaultLimiter, queuePrefix, smoothLimiter } from './queue-defaults.js';
import type { QueueOptions } from './queue-service.js';
import { openPayload } from './seal-payload.js';
import { JobMeter } from './watch/job-meter.js';
import { withinTime } from './within-time.js';

/** Pause before a job is tried again when something it depends on is away. Costs no attempt. */
const OUTAGE_PAUSE_MS = 1_000;
const RENEWALS_PER_LOCK = 5;
const DEFAULT_EXPRESS_SLOTS = 2;
/** How often abandoned jobs are looked for, over all replicas. */
const STALLED_INTERVAL_MS = 500;
/** A job is failed when this many workers in a row died with it. */
const MAX_STALLED_COUNT = 5;

/** What a handler may know of its job besides the payload. */
export interface JobContext {
  readonly jobId: string;
  readonly idempotencyKey: string;
  readonly tenant: string;
  /** 1 for the first try. */
  readonly attempt: number;
  /** The last try that comes by itself. A later one was asked for by a person. */
  readonly maxAttempts: number;
  /** No try follows when this one fails. */
  readonly isLastAttempt: boolean;
  /** Ends when the job ran out of time. */
  readonly signal: AbortSignal;
  /** 0 to 100. */
  progress(percent: number): Promise<void>;
}

/** One handler of one job type. */
export interface JobHandler<C extends JobContract = JobContract> {
  readonly contract: C;
  handle(payload: PayloadOf<C>, context: JobContext): Promise<unknown>;
}

export interface JobWorkerOptions extends QueueOptions {
  readonly queue: QueueName;
  readonly handlers: readonly JobHandler[];
  /** Jobs at a time in this replica. */
  readonly concurrency: number;
  /** A job whose worker was not heard of for this long is given to another. Default 3 000 ms. */
  readonly lockMs?: number;
  /** Jobs begun over all replicas: at most `max` in `duration` milliseconds. Default 100 a second. Critical jobs on the express lane are not counted. */
  readonly limiter?: { readonly max: number; readonly duration: number };
  /** Critical jobs at a time beside the others, taken when those or the limiter would hold them up. 0: none. Default 2. */
  readonly expressSlots?: number;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/**
 * Takes jobs of one queue. A failure is retried by BullMQ with backoff, except: verdict `never` ends the job at once, and verdict
 * `when-available` puts it back without counting the attempt, so that an outage of what it depends on fails no job.
 * @throws JOB_HANDLERS_WRONG at construction when a job type of the queue has no handler or two.
 */
export class JobWorker {
  private readonly handlers: ReadonlyMap<string, JobHandler>;
  private readonly redis: RedisConnection;
  private readonly worker: Worker;
  private readonly lane: ExpressLane;
  private readonly meter: JobMeter;
  private readonly sealer: Sealer | undefined;

  constructor(private readonly options: JobWorkerOptions) {
    const { queue, handlers, concurrency, lockMs = 3_000, expressSlots = DEFAULT_EXPRESS_SLOTS, logger, metrics, db = 1, namespace = 'angarium' } = options;
    this.handlers = requireOneHandlerEach(queue, handlers);
    this.sealer = options.sealKeys === undefined ? undefined : createSealer(options.sealKeys);
    this.meter = new JobMeter(metrics, queue, (name) => this.handlers.has(name));
    this.redis = connectRedis({ url: options.redisUrl, db, name: `worker:${queue}`, logger, gathersWrites: true });
    const [prefix, limiter] = [queuePrefix(namespace), smoothLimiter(options.limiter ?? defaultLimiter)];
    this.lane = new ExpressLane({
      ...{ queue, redis: this.redis, prefix, lockMs, slots: expressSlots, concurrency, limiterWindowMs: limiter.duration, logger },
      run: (job, token) => this.run(job, token),
      onGivenUp: (name) => this.meter.givenUp(name),
    });
    this.worker = new Worker(queue, (job: Job<JobEnvelope>, token?: string) => this.lane.beside(() => this.run(job, token)), {
      ...{ connection: this.redis, prefix, concurrency, limiter, autorun: false, skipVersionCheck: true },
      // BullMQ's defaults take half a minute to notice a dead worker; these take lock + interval, and a busy living one may miss four renewals
      ...{ lockDuration: lockMs, lockRenewTime: lockMs / RENEWALS_PER_LOCK, stalledInterval: STALLED_INTERVAL_MS, maxStalledCount: MAX_STALLED_COUNT },
    });
    this.worker.on('error', (error) => logger.debug({ queue, reason: error.message }, 'worker connection'));
    // ended without a try, so not counted by one
    this.worker.on('failed', (job) => {
      if (job?.deferredFailure) this.meter.givenUp(job.name);
    });
    this.worker.on('stalled', (jobId) => {
      this.meter.stalled();
      logger.warn({ queue, jobId }, 'job of a worker that was not heard of; it is handed to another');
    });
  }

  start(): void {
    void this.worker.run();
  }

  /** Takes nothing more and lets running jobs end within `graceMs`; what is left is handed to others when its lock ends. */
  async close(graceMs: number): Promise<void> {
    const ended = Promise.all([this.worker.close(), this.lane.close()]);
    const overdue = new Promise<'overdue'>((resolve) => setTimeout(() => resolve('overdue'), graceMs).unref());
    if ((await Promise.race([ended, overdue])) === 'overdue') await Promise.all([this.worker.close(true), this.lane.abandon()]);
    await closeRedis(this.redis);
  }

  health(): HealthCheck {
    return {
      name: `queue-${this.options.queue}`,
      check: () => {
        if (this.redis.status !== 'ready' || !this.worker.isRunning()) return Promise.reject(RedisErrors.REDIS_UNAVAILABLE());
        return Promise.resolve({ handlers: this.handlers.size });
      },
    };
  }

  private async run(job: Job<JobEnvelope>, token: string | undefined): Promise<unknown> {
    const ended = this.meter.begun(job);
    const span = { name: `job ${job.name}`, kind: 'consumer' as const, attributes: { 'messaging.system': 'bullmq', 'messaging.destination.name': this.options.queue } };
    return runInSpan(span, job.data.context, async () => {
      try {
        const result = await this.handle(job);
        ended('completed');
        return result;
      } catch (error) {
        ended(isLastFailure(job, error) ? 'failed' : 'retried');
        return await this.afterFailure(job, token, error);
      }
    });
  }

  private async handle(job: Job<JobEnvelope>): Promise<unknown> {
    const handler = this.handlers.get(job.name);
    if (handler === undefined) throw QueueErrors.JOB_UNKNOWN(`Queue ${this.options.queue} has no job type ${job.name}.`);
    const { payload, context, idempotencyKey, timeoutMs = Infinity } = job.data;
    const opened = openPayload(handler.contract, payload, idempotencyKey, this.sealer);
    const checked = checkPayload(handler.contract.name, handler.contract.schema, opened);
    const attempt = job.attemptsMade + 1;
    return withinTime(Math.min(timeoutMs, handler.contract.timeoutMs), (signal) =>
      handler.handle(checked, {
        ...{ jobId: job.id ?? '', idempotencyKey, tenant: context.tenant, attempt, signal },
        maxAttempts: job.opts.attempts ?? 1,
        isLastAttempt: attempt >= (job.opts.attempts ?? 1),
        progress: (percent) => job.updateProgress(percent),
      }),
    );
  }

  private async afterFailure(job: Job, token: string | undefined, error: unknown): Promise<never> {
    const { retry } = toAngariumError(error);
    const reason = describeError(error);
    const of = { queue: this.options.queue, job: job.name, jobId: job.id, attempt: job.attemptsMade + 1, reason };
    if (retry === 'when-available' || typeof retry === 'object') {
      const afterMs = typeof retry === 'object' ? retry.afterMs : OUTAGE_PAUSE_MS;
      this.options.logger.info({ ...of, afterMs }, 'job waits; this costs no attempt');
      await job.moveToDelayed(Date.now() + afterMs, token);
      throw new DelayedError();
    }
    this.options.logger.warn(of, 'job failed');
    if (retry === 'never') throw new UnrecoverableError(reason);
    throw new Error(reason, { cause: error });
  }
}

/** Whether no try follows. An outage or a named wait costs no attempt. */
function isLastFailure(job: Job, error: unknown): boolean {
  const { retry } = toAngariumError(error);
  return retry === 'never' || (retry === 'later' && job.attemptsMade + 1 >= (job.opts.attempts ?? 1));
}

function requireOneHandlerEach(queue: QueueName, handlers: readonly JobHandler[]): ReadonlyMap<string, JobHandler> {
  const known = new Map(handlers.map((handler) => [handler.contract.name, handler]));
  const wanted = catalogue.jobs.filter((contract) => contract.queue === queue).map(({ name }) => name);
  const faults = [
    ...wanted.filter((name) => !known.has(name)).map((name) => `${name} has no handler`),
    ...handlers.filter(({ contract }) => !wanted.includes(contract.name)).map(({ contract }) => `${contract.name} is no job of queue ${queue}`),
    ...[...known.keys()].filter((name) => handlers.filter(({ contract }) => contract.name === name).length > 1).map((name) => `${name} has two handlers`),
  ];
  if (faults.length > 0) throw QueueErrors.JOB_HANDLERS_WRONG(`Queue ${queue}: ${faults.join('; ')}.`, { details: { faults } });
  return known;
}
