import type { EventContract, PayloadOf } from '@angarium/contracts';
import { createDatabase, type Database } from '@angarium/database';
import { silentLogger } from '@angarium/observability';
import { queuePrefix, QueueService } from '@angarium/queues';
import { connectRedis } from '@angarium/redis';
import { buildApps, createTestDatabase, startInbox, startPostgres, startRedis, startService, waitFor, type Inbox, type RunningServer, type Service } from '@angarium/testing';
import { MessageBus } from '@angarium/transport';
import { Queue, type Job } from 'bullmq';

/** A key for tests, in the form of SEAL_KEYS. */
export const testSealKeys = `test:${Buffer.alloc(32, 7).toString('base64')}`;

/** Email workers as processes on real servers, and what a test looks at them with. */
export interface WorkerGround {
  readonly inbox: Inbox;
  readonly redisServer: RunningServer;
  readonly bus: MessageBus;
  readonly queues: QueueService;
  readonly jobs: Queue;
  readonly db: Database<'email'>;
  start(name?: string, env?: Record<string, string>): Promise<Service>;
  /** The job when it has ended: completed or failed. */
  ended(jobId: string, afterAttempts?: number): Promise<Job>;
  eventsOf<C extends EventContract>(contract: C, deliveryOrKey: string): Promise<PayloadOf<C>[]>;
  mailsTo(address: string): ReturnType<Inbox['messages']>;
  close(): Promise<void>;
}

/** Call it in beforeAll, and `close` in afterAll above `stopAfterTests()`. */
export async function startWorkerGround(env: Record<string, string> = {}): Promise<WorkerGround> {
  const [redisServer, postgres, inbox, apps] = await Promise.all([startRedis(), startPostgres(), startInbox(), buildApps(['email-worker'])]);
  const { url } = await createTestDatabase(postgres);
  const shared = {
    ...{ REDIS_URL: redisServer.url, DATABASE_URL: url, SMTP_URL: inbox.smtpUrl, EMAIL_FROM: 'Angarium <post@angarium.test>' },
    ...{ SMTP_TIMEOUT_MS: '5000', QUEUE_LOCK_MS: '1000', EMAIL_RATE_PER_SECOND: '10000', EMAIL_PROVIDER_RATE: '0', EMAIL_DOMAIN_RATE: '0', SEAL_KEYS: testSealKeys },
    ...env,
  };
  const bus = new MessageBus({ service: 'gateway', redisUrl: redisServer.url });
  const queues = new QueueService({ redisUrl: redisServer.url });
  const redis = connectRedis({ url: redisServer.url, name: 'test', logger: silentLogger });
  const queueRedis = connectRedis({ url: redisServer.url, db: 1, name: 'test', logger: silentLogger });
  const jobs = new Queue('email', { connection: queueRedis, prefix: queuePrefix('angarium'), skipVersionCheck: true });
  const db = createDatabase('email', { url, logger: silentLogger });
  return {
    ...{ inbox, redisServer, bus, queues, jobs, db },
    start: async (name = 'email-worker', more = {}) => {
      const service = await startService({ name, main: apps['email-worker'], env: { ...shared, ...more } });
      await service.ready();
      return service;
    },
    ended: (jobId, afterAttempts = 1) =>
      waitFor(
        async () => {
          const job = (await jobs.getJob(jobId)) as Job | undefined;
          return job?.finishedOn !== undefined && job.attemptsMade >= afterAttempts && job;
        },
        { what: `the end of job ${jobId}`, timeoutMs: 30_000 },
      ),
    eventsOf: async <C extends EventContract>(contract: C, named: string) => {
      const entries = await redis.xrange(bus.addresses.eventStream(contract.name), '-', '+');
      const payloads = entries.map(([, fields]) => JSON.parse(fields[fields.indexOf('data') + 1] ?? '{}') as PayloadOf<C> & { idempotencyKey?: string; deliveryId?: string });
      return payloads.filter((it) => it.idempotencyKey === named || it.deliveryId === named);
    },
    mailsTo: async (address) => (await inbox.messages()).filter((mail) => mail.To.some((it) => it.Address === address)),
    close: async () => {
      await Promise.all([bus.close(), queues.close(), jobs.close(), db.$disconnect()]);
      redis.disconnect();
      queueRedis.disconnect();
      await inbox.stop();
    },
  };
}
