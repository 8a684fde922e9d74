import { randomUUID } from 'node:crypto';
import {
  checkPayload,
  ExportData,
  GenerateReport,
  InstallApp,
  jobOptionsSchema,
  ProcessImage,
  ProcessLogs,
  ResetDevice,
  RestartDevice,
  SendBatchEmail,
  SendBatchSms,
  SendEmail,
  SendNotification,
  SendScheduledEmail,
  SendSms,
  SendVerificationCode,
  StartDevice,
  StopDevice,
  UninstallApp,
  type InputOf,
  type JobContract,
  type PayloadOf,
  type QueueName,
} from '@angarium/contracts';
import { silentLogger, type Logger, type Metrics } from '@angarium/observability';
import { closeRedis, connectRedis, toRedisError, type RedisConnection } from '@angarium/redis';
import { createSealer, type Sealer } from '@angarium/secrets';
import { Queue } from 'bullmq';
import { cancelJob } from './cancel-job.js';
import { wrapJob } from './job-envelope.js';
import { QueueManagement } from './manage/queue-management.js';
import type { CleanableState, JobState, JobView, QueueStatus } from './manage/queue-view.js';
import { defaultJobOptions, jobIdOf, JobPriority, queuePrefix } from './queue-defaults.js';
import { sealPayload } from './seal-payload.js';
import { QueueMeter } from './watch/queue-meter.js';

export interface QueueOptions {
  readonly redisUrl: string;
  /** Number of the Redis database of the queues. Default 1. */
  readonly db?: number;
  /** Namespace of the keys. Default `angarium`. */
  readonly namespace?: string;
  /** SEAL_KEYS: for jobs of which a part is sealed while they wait, such as send-verification-code with a code. */
  readonly sealKeys?: string | undefined;
  readonly logger?: Logger;
}

export interface JobOptions {
  /** Asking twice with one key does it once. Default: a new one. */
  readonly idempotencyKey?: string;
  readonly priority?: JobPriority;
  /** Milliseconds from now; see `JobDelay`. */
  readonly delayMs?: number;
  /** Tries in all. Default 3. */
  readonly attempts?: number;
  /** How long one try may take, in milliseconds; at most what the contract of the job says, which is the default. */
  readonly timeoutMs?: number;
}

/** Tells where a job is: `GET /queues/:queue/jobs/:id` shows it. */
export interface JobReference {
  readonly queue: QueueName;
  readonly jobId: string;
}

type ScheduledEmail = Omit<InputOf<typeof SendScheduledEmail>, 'scheduledTime'> & { readonly scheduledTime: Date | string };
type DeviceParams = NonNullable<PayloadOf<typeof StartDevice>['params']>;

/** Puts orders into queues, each checked against its contract. One instance per process; it owns its connection. */
export class QueueService {
  private readonly redis: RedisConnection;
  private readonly queues = new Map<string, Queue>();
  private readonly prefix: string;
  private readonly logger: Logger;
  private readonly sealer: Sealer | undefined;
  /** Looking at queues and changing what is in them; the methods below that S2 names stand for it. */
  private readonly management = new QueueManagement((name) => this.queueOf(name));

  constructor({ redisUrl, db = 1, namespace = 'angarium', sealKeys, logger = silentLogger }: QueueOptions) {
    this.logger = logger;
    this.prefix = queuePrefix(namespace);
    this.redis = connectRedis({ url: redisUrl, db, name: 'queues', logger });
    this.sealer = sealKeys === undefined ? undefined : createSealer(sealKeys);
  }

  // Every method below checks its order and puts one job.
  // They throw CONTRACT_BROKEN with the path of each bad field, and REDIS_REFUSED; they wait while Redis is away.

  /** Sends one mail. */
  sendEmail(mail: InputOf<typeof SendEmail>, options?: JobOptions): Promise<JobReference> {
    return this.add(SendEmail, mail, options);
  }

  /** Sends up to 1 000 mails, each with its own result, behind single ones (priority low). */
  sendBatchEmail(emails: InputOf<typeof SendBatchEmail>['emails'], options?: JobOptions): Promise<JobReference> {
    return this.add(SendBatchEmail, { emails }, { priority: JobPriority.LOW, ...options });
  }

  /** Sends one mail at `scheduledTime`; until it begins, `removeJob` cancels it. A `delayMs` among the options is ignored. */
  sendScheduledEmail(mail: ScheduledEmail, options?: JobOptions): Promise<JobReference> {
    const { scheduledTime } = mail;
    const at = new Date(scheduledTime).getTime();
    const order = { ...mail, scheduledTime: scheduledTime instanceof Date && !Number.isNaN(at) ? scheduledTime.toISOString() : String(scheduledTime) };
    return this.add(SendScheduledEmail, order, { ...options, delayMs: Number.isNaN(at) ? 0 : Math.max(0, at - Date.now()) });
  }

  /** Sends one SMS to each phone. */
  sendSms(sms: InputOf<typeof SendSms>, options?: JobOptions): Promise<JobReference> {
    return this.add(SendSms, sms, options);
  }

  /**
   * Sends a verification code that the caller made, before everything else. The code is sealed while it waits.
   * `POST /verifications` of the gateway makes, sends and checks codes by itself.
   * @param expiresIn minutes, as the text says; the caller sees to it. @throws JOB_SEAL_KEYS_MISSING
   */
  sendVerificationCode(phone: string, code: string, expiresIn = 5, options?: JobOptions): Promise<JobReference> {
    return this.add(SendVerificationCode, { phone, code, expiresIn }, { priority: JobPriority.CRITICAL, ...options });
  }

  /** Sends up to 1 000 SMS, each with its own result, behind single ones (priority low). */
  sendBatchSms(messages: InputOf<typeof SendBatchSms>['messages'], options?: JobOptions): Promise<JobReference> {
    return this.add(SendBatchSms, { messages }, { priority: JobPriority.LOW, ...options });
  }

  startDevice(deviceId: string, userId?: string, params?: DeviceParams, options?: JobOptions): Promise<JobReference> {
    return this.add(StartDevice, { deviceId, userId, params }, { priority: JobPriority.HIGH, ...options });
  }

  stopDevice(deviceId: string, userId?: string, options?: JobOptions): Promise<JobReference> {
    return this.add(StopDevice, { deviceId, userId }, { priority: JobPriority.HIGH, ...options });
  }

  restartDevice(deviceId: string, userId?: string, params?: DeviceParams, options?: JobOptions): Promise<JobReference> {
    return this.add(RestartDevice, { deviceId, userId, params }, { priority: JobPriority.HIGH, ...options });
  }

  /** Forgets all data of the device. */
  resetDevice(deviceId: string, userId?: string, params?: DeviceParams, options?: JobOptions): Promise<JobReference> {
    return this.add(ResetDevice, { deviceId, userId, params }, { priority: JobPriority.HIGH, ...options });
  }

  /** @param sha256 of the APK; another file is then refused. */
  installApp(deviceId: string, packageName: string, apkUrl: string, more: { userId?: string; sha256?: string } = {}, options?: JobOptions): Promise<JobReference> {
    return this.add(InstallApp, { deviceId, packageName, apkUrl, ...more }, { priority: JobPriority.HIGH, ...options });
  }

  uninstallApp(deviceId: string, packageName: string, userId?: string, options?: JobOptions): Promise<JobReference> {
    return this.add(UninstallApp, { deviceId, packageName, userId }, { priority: JobPriority.HIGH, ...options });
  }

  generateReport(report: InputOf<typeof GenerateReport>, options?: JobOptions): Promise<JobReference> {
    return this.add(GenerateReport, report, { priority: JobPriority.BACKGROUND, ...options });
  }

  exportData(order: InputOf<typeof ExportData>, options?: JobOptions): Promise<JobReference> {
    return this.add(ExportData, order, { priority: JobPriority.LOW, ...options });
  }

  processImage(order: InputOf<typeof ProcessImage>, options?: JobOptions): Promise<JobReference> {
    return this.add(ProcessImage, order, options);
  }

  processLogs(order: InputOf<typeof ProcessLogs>, options?: JobOptions): Promise<JobReference> {
    return this.add(ProcessLogs, order, { priority: JobPriority.BACKGROUND, ...options });
  }

  /** Tells a user something over the channels of the user's preference. */
  notify(notification: InputOf<typeof SendNotification>, options?: JobOptions): Promise<JobReference> {
    return this.add(SendNotification, notification, options);
  }

  /**
   * Puts a job of any contract. The typed methods are its users; a service calls those.
   * @throws CONTRACT_BROKEN naming each bad field of the payload or of the options, before anything is put; REDIS_REFUSED
   */
  async add<C extends JobContract>(contract: C, payload: InputOf<C>, options: JobOptions = {}): Promise<JobReference> {
    const checked = checkPayload(contract.name, contract.schema, payload);
    checkPayload(`options of ${contract.name}`, jobOptionsSchema, options);
    const idempotencyKey = options.idempotencyKey ?? randomUUID();
    const jobId = jobIdOf(idempotencyKey);
    const { priority, delayMs, attempts, timeoutMs } = options;
    const given = { ...(priority && { priority }), ...(delayMs && { delay: delayMs }), ...(attempts && { attempts }) };
    const kept = sealPayload(contract, checked, idempotencyKey, this.sealer);
    try {
      await this.queueOf(contract.queue).add(contract.name, wrapJob(kept, idempotencyKey, timeoutMs), { jobId, ...given });
    } catch (error) {
      throw toRedisError(error);
    }
    this.logger.info({ queue: contract.queue, job: contract.name, jobId }, 'job queued');
    return { queue: contract.queue, jobId };
  }

  /**
   * Puts a message of a broker topic into a queue that this system's own workers do not serve: its data is `data` as it is.
   * One `jobId`, one job, while it is kept. @throws REDIS_REFUSED. Waits while Redis is away.
   */
  async bridge(queue: string, jobName: string, data: object, jobId: string): Promise<void> {
    try {
      await this.queueOf(queue).add(jobName, data, { jobId: jobIdOf(jobId) });
    } catch (error) {
      throw toRedisError(error);
    }
  }

  /** Takes back a job of the tenant that nobody has begun. @throws JOB_NOT_FOUND, JOB_STATE_WRONG, REDIS_REFUSED */
  async cancel(contract: JobContract, jobId: string, tenant: string): Promise<void> {
    try {
      await cancelJob(this.queueOf(contract.queue), { jobId, tenant, jobName: contract.name });
    } catch (error) {
      throw toRedisError(error);
    }
  }

  // Management: see QueueManagement for what each does and throws.

  /** How much is in each queue. */
  getAllQueuesStatus(): Promise<QueueStatus[]> {
    return this.management.getAllQueuesStatus();
  }

  /** How much is in one queue. @throws QUEUE_UNKNOWN */
  getQueueStatus(queue: string): Promise<QueueStatus> {
    return this.management.getQueueStatus(queue);
  }

  /** Jobs of a state from `start` to `end`, both included. @throws QUEUE_UNKNOWN */
  getQueueJobs(queue: string, state: JobState, start?: number, end?: number): Promise<JobView[]> {
    return this.management.getQueueJobs(queue, state, start, end);
  }

  /** @throws QUEUE_UNKNOWN, JOB_NOT_FOUND */
  getJob(queue: string, jobId: string): Promise<JobView> {
    return this.management.getJob(queue, jobId);
  }

  /** @throws QUEUE_UNKNOWN, JOB_NOT_FOUND, JOB_STATE_WRONG */
  retryJob(queue: string, jobId: string): Promise<void> {
    return this.management.retryJob(queue, jobId);
  }

  /** Removes a job; one that is scheduled is cancelled thereby. @throws QUEUE_UNKNOWN, JOB_NOT_FOUND, JOB_STATE_WRONG while it is being done */
  removeJob(queue: string, jobId: string): Promise<void> {
    return this.management.removeJob(queue, jobId);
  }

  /** @throws QUEUE_UNKNOWN */
  pauseQueue(queue: string): Promise<void> {
    return this.management.pauseQueue(queue);
  }

  /** @throws QUEUE_UNKNOWN */
  resumeQueue(queue: string): Promise<void> {
    return this.management.resumeQueue(queue);
  }

  /** Removes all that waits or is delayed. @returns how many. @throws QUEUE_UNKNOWN */
  emptyQueue(queue: string): Promise<number> {
    return this.management.emptyQueue(queue);
  }

  /** Removes up to `limit` jobs of a state that are older than `graceMs`. @returns how many. @throws QUEUE_UNKNOWN */
  cleanQueue(queue: string, graceMs: number, state?: CleanableState, limit?: number): Promise<number> {
    return this.management.cleanQueue(queue, graceMs, state, limit);
  }

  /** BullMQ's own queue, for what reads it as it is: the dashboard and the metrics. What it holds is shown by `showPayload` only. */
  openQueue(name: QueueName): Queue {
    return this.queueOf(name);
  }

  /** Adds the depth and the age of the queues to the metrics of this process, read at each scrape. Call it once, in one service. */
  watch(metrics: Metrics): void {
    const { redis, prefix, logger } = this;
    new QueueMeter({ metrics, logger, redis, prefix, statuses: () => this.getAllQueuesStatus() });
  }

  async close(): Promise<void> {
    await Promise.all([...this.queues.values()].map((queue) => queue.close()));
    await closeRedis(this.redis);
  }

  private queueOf(name: string): Queue {
    let queue = this.queues.get(name);
    if (queue === undefined) {
      queue = new Queue(name, { connection: this.redis, prefix: this.prefix, defaultJobOptions, skipVersionCheck: true });
      queue.on('error', (error) => this.logger.debug({ queue: name, reason: error.message }, 'queue connection'));
      this.queues.set(name, queue);
    }
    return queue;
  }
}
