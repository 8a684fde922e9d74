import { randomUUID } from 'node:crypto';
import { checkPayload, SendEmail, type InputOf, type JobContract, type QueueName } from '@angarium/contracts';
import { silentLogger, type Logger } from '@angarium/observability';
import { closeRedis, connectRedis, toRedisError, type RedisConnection } from '@angarium/redis';
import { Queue } from 'bullmq';
import { wrapJob } from './job-envelope.js';
import { defaultJobOptions, jobIdOf, queuePrefix, type JobPriority } from './queue-defaults.js';

export interface QueueOptions {
  readonly redisUrl: string;
  /** Number of the Redis database of the queues. Default 1. */
  readonly db?: number;
  /** Namespace of the keys. Default `angarium`. */
  readonly namespace?: string;
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
}

/** Tells where a job is: `GET /queues/:queue/jobs/:id` shows it. */
export interface JobReference {
  readonly queue: QueueName;
  readonly jobId: string;
}

/** Puts orders into queues, each checked against its contract. One instance per process; it owns its connection. */
export class QueueService {
  private readonly redis: RedisConnection;
  private readonly queues = new Map<string, Queue>();
  private readonly prefix: string;
  private readonly logger: Logger;

  constructor({ redisUrl, db = 1, namespace = 'angarium', logger = silentLogger }: QueueOptions) {
    this.logger = logger;
    this.prefix = queuePrefix(namespace);
    this.redis = connectRedis({ url: redisUrl, db, name: 'queues', logger });
  }

  /**
   * Sends one mail.
   * @throws CONTRACT_BROKEN with the path of the bad field; REDIS_REFUSED. Waits while Redis is away.
   */
  sendEmail(mail: InputOf<typeof SendEmail>, options?: JobOptions): Promise<JobReference> {
    return this.add(SendEmail, mail, options);
  }

  /** Puts a job of any contract. The typed methods are its users; a service calls those. */
  async add<C extends JobContract>(contract: C, payload: InputOf<C>, options: JobOptions = {}): Promise<JobReference> {
    const checked = checkPayload(contract.name, contract.schema, payload);
    const idempotencyKey = options.idempotencyKey ?? randomUUID();
    const jobId = jobIdOf(idempotencyKey);
    const { priority, delayMs, attempts } = options;
    const given = { ...(priority && { priority }), ...(delayMs && { delay: delayMs }), ...(attempts && { attempts }) };
    try {
      await this.queueOf(contract.queue).add(contract.name, wrapJob(checked, idempotencyKey), { jobId, ...given });
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
