import { deployMigrations } from '@angarium/database/migrations';
import { buildApps, freePort, startChild, startPostgres, startRedis, waitFor, type Child, type RunningServer } from '@angarium/testing';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { nodeFlags } from '../../start/node-flags.js';
import { bundleScripts } from '../bundle-scripts.js';
import type { Commands } from '../process/worker-protocol.js';
import { Worker } from '../process/worker.js';
import type { MailLoadCommands } from './workers/mail-load.js';
import type { PlainArgument } from './workers/plain-worker.js';
import type { SmtpSinkCommands } from './workers/smtp-sink.js';

/** Mails that a worker sends at a time, ours and the other. */
export const CONCURRENCY = 50;
const UNLIMITED = 100_000;
const READY_MS = 60_000;
const STOP_MS = 20_000;

/** Everything that a measurement needs; every part is a process of its own. */
export interface QueueParts {
  readonly emailWorker: Child;
  /** Where the email worker answers. */
  readonly emailWorkerUrl: string;
  readonly plainWorker: Worker<Record<string, never>>;
  readonly load: Worker<MailLoadCommands>;
  readonly sink: Worker<SmtpSinkCommands>;
  readonly postgres: RunningServer;
  readonly redis: RunningServer;
  stop(): Promise<void>;
}

/**
 * The email worker as it runs in production beside a plain one, on one Redis and one mail server.
 * @throws Error with the end of its output when something does not start.
 */
export async function startQueues(root: string, profileDir?: string): Promise<QueueParts> {
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const it of stops.splice(0).reverse()) await it();
  };
  const startWorker = async <C extends Commands>(script: string, argument?: unknown): Promise<Worker<C>> => {
    const [path = ''] = await bundleScripts(root, [`queues/workers/${script}`]);
    const worker = await Worker.start<C>(path, script, argument);
    stops.push(() => worker.stop());
    return worker;
  };
  try {
    const { 'email-worker': main } = await buildApps(['email-worker'], root);
    const [postgres, redis] = await Promise.all([startPostgres({ fsync: true }), startRedis({ appendfsync: 'always' })]);
    stops.push(() => postgres.stop(), () => redis.stop());
    await deployMigrations(postgres.url, { folder: join(root, 'prisma') });
    const sink = await startWorker<SmtpSinkCommands>('smtp-sink');
    const smtpUrl = await sink.call('url');
    const { worker: emailWorker, url: emailWorkerUrl } = await startEmailWorker({ main, postgres, redis, smtpUrl, profileDir });
    stops.push(() => emailWorker.end('SIGTERM', STOP_MS));
    const plain: PlainArgument = { redisUrl: redis.url, smtpUrl, concurrency: CONCURRENCY };
    return {
      ...{ emailWorker, emailWorkerUrl, sink, postgres, redis, stop },
      plainWorker: await startWorker('plain-worker', plain),
      load: await startWorker('mail-load', { redisUrl: redis.url }),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startEmailWorker(options: { main: string; postgres: RunningServer; redis: RunningServer; smtpUrl: string; profileDir: string | undefined }): Promise<{ readonly worker: Child; readonly url: string }> {
  const { main, postgres, redis, smtpUrl, profileDir } = options;
  const profile = profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`, '--cpu-prof-name=email-worker.cpuprofile'];
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const worker = startChild({
    name: 'email-worker',
    command: process.execPath,
    args: [...nodeFlags('email-worker'), ...profile, main],
    env: {
      ...{ PATH: process.env['PATH'], NODE_ENV: 'production', MALLOC_ARENA_MAX: '2', LOG_LEVEL: 'warn', EMAIL_WORKER_PORT: String(port) },
      ...{ DATABASE_URL: postgres.url, REDIS_URL: redis.url, SMTP_URL: smtpUrl, SEAL_KEYS: `bench:${randomBytes(32).toString('base64')}` },
      // limits are asked for each mail, and large
      ...{ EMAIL_PROVIDER_RATE: String(UNLIMITED), EMAIL_DOMAIN_RATE: String(UNLIMITED) },
      ...{ EMAIL_WORKER_CONCURRENCY: String(CONCURRENCY), EMAIL_RATE_PER_SECOND: String(UNLIMITED) },
    },
  });
  const isReady = async () => !worker.isRunning() || (await fetch(`${url}/health/ready`)).ok;
  await waitFor(isReady, { what: 'the email worker to be ready', timeoutMs: READY_MS, everyMs: 50 });
  if (!worker.isRunning()) throw new Error(`The email worker ended before it was ready. Its output:\n${worker.output().slice(-4_000)}`);
  return { worker, url };
}
