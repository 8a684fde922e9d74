import { ApiKeyRepository, scopes, TenantRepository } from '@angarium/auth';
import { openSql, type Sql } from '@angarium/database';
import { deployMigrations } from '@angarium/database/migrations';
import { silentLogger } from '@angarium/observability';
import { buildApps, freePort, startChild, startPostgres, startRedis, waitFor, type Child, type RunningServer } from '@angarium/testing';
import { Redis } from 'ioredis';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { nodeFlags } from '../../../start/node-flags.js';

const READY_MS = 60_000;
const STOP_MS = 20_000;
const SHOWN_OUTPUT = 4_000;

/** The broker as it runs in production, on servers of its own: Redis and Postgres sync every commit to disk. */
export interface System {
  readonly broker: Child;
  /** `http://127.0.0.1:3010`, without a slash at its end. */
  readonly url: string;
  /** Of a tenant of its own, with all scopes. */
  readonly apiKey: string;
  readonly postgres: RunningServer;
  readonly redisServer: RunningServer;
  /** For looks past the broker. */
  readonly sql: Sql;
  readonly redis: Redis;
  readonly versions: string;
  stop(): Promise<void>;
}

/**
 * @param profileDir folder for a CPU profile of the whole life of the broker.
 * @throws Error with the end of its output when something does not start.
 */
export async function startSystem(root: string, profileDir?: string): Promise<System> {
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const it of stops.splice(0).reverse()) await it();
  };
  try {
    const { 'mq-broker': main } = await buildApps(['mq-broker'], root);
    const [postgres, redisServer] = await Promise.all([startPostgres({ fsync: true }), startRedis({ appendfsync: 'always' })]);
    stops.push(() => postgres.stop(), () => redisServer.stop());
    await deployMigrations(postgres.url, { folder: join(root, 'prisma') });
    const sql = openSql({ url: postgres.url, poolSize: 2, logger: silentLogger, applicationName: 'bench' });
    stops.push(() => sql.end());
    const redis = new Redis(redisServer.url);
    stops.push(() => Promise.resolve(redis.disconnect()));
    const apiKey = await createKey(sql);
    const port = await freePort();
    const broker = startBroker({ main, port, postgres, redisServer, profileDir });
    stops.push(() => broker.end('SIGTERM', STOP_MS));
    const url = `http://127.0.0.1:${port}`;
    await isReady(broker, url);
    return { broker, url, apiKey, postgres, redisServer, sql, redis, versions: await versionsOf(sql, redis), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function startBroker(options: { main: string; port: number; postgres: RunningServer; redisServer: RunningServer; profileDir: string | undefined }): Child {
  const { main, port, postgres, redisServer, profileDir } = options;
  const profile = profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`, '--cpu-prof-name=mq-broker.cpuprofile'];
  return startChild({
    name: 'mq-broker',
    command: process.execPath,
    args: [...nodeFlags('mq-broker'), ...profile, main],
    env: {
      PATH: process.env['PATH'],
      NODE_ENV: 'production',
      // as in the container images and `npm start`
      MALLOC_ARENA_MAX: '2',
      LOG_LEVEL: 'warn',
      MQ_BROKER_PORT: String(port),
      DATABASE_URL: postgres.url,
      REDIS_URL: redisServer.url,
      SEAL_KEYS: `bench:${randomBytes(32).toString('base64')}`,
      WEBHOOK_PRIVATE_HOSTS: '127.0.0.1',
    },
  });
}

async function isReady(broker: Child, url: string): Promise<void> {
  const looks = async () => !broker.isRunning() || (await fetch(`${url}/health/ready`)).ok;
  await waitFor(looks, { what: 'the broker to be ready', timeoutMs: READY_MS, everyMs: 50 });
  if (!broker.isRunning()) throw new Error(`The broker ended before it was ready. Its output:\n${broker.output().slice(-SHOWN_OUTPUT)}`);
}

async function createKey(sql: Sql): Promise<string> {
  const { id: tenantId } = await new TenantRepository(sql).create('bench');
  return (await new ApiKeyRepository(sql).create({ tenantId, name: 'bench', scopes })).token;
}

async function versionsOf(sql: Sql, redis: Redis): Promise<string> {
  const [row] = await sql.query<{ server_version: string }>('SHOW server_version');
  const version = /^redis_version:(.*)$/m.exec(await redis.info('server'))?.[1]?.trim() ?? 'unknown';
  return `PostgreSQL ${row?.server_version ?? 'unknown'}, \`fsync on\`; Redis ${version}, \`appendfsync always\``;
}
