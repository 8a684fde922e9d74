import type { EventContract, PayloadOf } from '@angarium/contracts';
import { createDatabase, type Database } from '@angarium/database';
import { silentLogger } from '@angarium/observability';
import { QueueService } from '@angarium/queues';
import { connectRedis, type RedisConnection } from '@angarium/redis';
import { createSealKey } from '@angarium/secrets';
import { buildApps, createTestDatabase, startPostgres, startRedis, startService, waitFor, type RunningServer, type Service } from '@angarium/testing';
import { MessageBus } from '@angarium/transport';
import { Queue, type Job } from 'bullmq';
import { startFakeTwilio, type FakeTwilio } from './fake-twilio.js';

/** Real servers and worker processes, and a provider that answers like Twilio. */
export interface SmsGround {
  readonly redisServer: RunningServer;
  readonly postgres: RunningServer;
  readonly provider: FakeTwilio;
  readonly queues: QueueService;
  readonly bus: MessageBus;
  readonly redis: RedisConnection;
  readonly ledger: Database<'sms'>;
  readonly env: Readonly<Record<string, string>>;
  /** One more replica of the SMS worker, ready. */
  startWorker(env?: Record<string, string>): Promise<Service>;
  startGateway(): Promise<Service>;
  /** What the job answers with, or the reason why it failed. */
  ended(jobId: string): Promise<{ result?: unknown; failure?: string }>;
  eventsOf<C extends EventContract>(contract: C): Promise<PayloadOf<C>[]>;
  close(): Promise<void>;
}

/** A mobile number of China that nobody used before in this process. */
let lastNumber = 13_800_000_000 + Math.floor(Math.random() * 90_000) * 1_000;
export const somePhone = () => `+86${++lastNumber}`;
export const someKey = () => `test:${++lastNumber}`;

/** Call `close` in afterAll, above `stopAfterTests()`. */
export async function startSmsGround(env: Record<string, string> = {}, apps: readonly ('sms-worker' | 'gateway')[] = ['sms-worker']): Promise<SmsGround> {
  const [redisServer, postgres, provider, bundles] = await Promise.all([startRedis(), startPostgres({ fsync: true }), startFakeTwilio(), buildApps([...apps])]);
  const database = await createTestDatabase(postgres);
  const shared = {
    ...{ REDIS_URL: redisServer.url, DATABASE_URL: database.url, SEAL_KEYS: createSealKey(), VERIFICATION_SECRET: 'a-secret-of-thirty-two-characters-or-more' },
    ...{ TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`, TWILIO_AUTH_TOKEN: 'token', TWILIO_FROM: '+12133734253', TWILIO_BASE_URL: provider.url, SMS_PRIVATE_HOSTS: '127.0.0.1' },
    ...{ SMS_PROVIDER_TIMEOUT_MS: '2000', SMS_RECONCILE_AFTER_MS: '100', QUEUE_LOCK_MS: '1000', GATEWAY_TOKEN: 'a-token-for-these-tests-only', LOG_LEVEL: 'debug' },
    ...{ NODE_ENV: 'production', SMS_PREFIX_PER_MINUTE: '10000' },
    ...env,
  };
  const queues = new QueueService({ redisUrl: redisServer.url, sealKeys: shared.SEAL_KEYS });
  const bus = new MessageBus({ service: 'gateway', redisUrl: redisServer.url });
  const redis = connectRedis({ url: redisServer.url, name: 'test', logger: silentLogger });
  const jobs = new Queue('sms', { connection: { url: `${redisServer.url}/1` }, prefix: 'angarium:{queues}', skipVersionCheck: true });
  const ledger = createDatabase('sms', { url: database.url, logger: silentLogger });
  let count = 0;
  const start = async (app: 'sms-worker' | 'gateway', more: Record<string, string> = {}) => {
    const name = `${app}.${++count}`;
    const service = await startService({ name, main: bundles[app] ?? '', env: { ...shared, INSTANCE_ID: name, ...more } });
    await service.ready();
    return service;
  };
  return {
    ...{ redisServer, postgres, provider, queues, bus, redis, ledger, env: shared },
    startWorker: (more) => start('sms-worker', more),
    startGateway: () => start('gateway'),
    async ended(jobId) {
      const { state, job } = await waitFor(() => endedJob(jobs, jobId), { what: `the job ${jobId} to end`, timeoutMs: 30_000 });
      // a job that came through keeps the reason of the attempt before
      return state === 'failed' ? { failure: job.failedReason } : { result: job.returnvalue as unknown };
    },
    async eventsOf(contract) {
      const entries = await redis.xrange(bus.addresses.eventStream(contract.name), '-', '+');
      return entries.map(([, fields]) => JSON.parse(fields[fields.indexOf('data') + 1] ?? '') as PayloadOf<typeof contract>);
    },
    async close() {
      await Promise.all([queues.close(), bus.close(), ledger.$disconnect(), jobs.close(), provider.stop()]);
      redis.disconnect();
    },
  };
}

async function endedJob(jobs: Queue, jobId: string): Promise<{ state: 'completed' | 'failed'; job: Job } | undefined> {
  const state = await jobs.getJobState(jobId);
  // read after it ended, so that what it answers with is there
  return state === 'completed' || state === 'failed' ? { state, job: (await jobs.getJob(jobId)) as Job } : undefined;
}
