import { randomBytes } from 'node:crypto';
import { buildApps } from '../harness/build-apps.js';
import { createTestDatabase } from '../harness/create-test-database.js';
import { faultProxy, type FaultProxy } from '../harness/fault-proxy.js';
import { startPostgres } from '../harness/start-postgres.js';
import { startRedis, type RunningServer } from '../harness/start-redis.js';
import { startService, type Service } from '../harness/start-service.js';

export interface BrokerGroundOptions {
  /** Default `always`. */
  readonly appendfsync?: 'always' | 'everysec';
  /** Makes an API key with all scopes; it is the caller's, as this library may not lean on the one that knows credentials. */
  readonly createApiKey: (databaseUrl: string) => Promise<string>;
}

export interface ReplicaOptions {
  /** Kills itself there; see MQ_DIE_AT. */
  readonly dieAt?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Receives each line of its log. */
  readonly onLine?: (line: string) => void;
}

/** Servers that survive power cuts (Postgres tells when each row was committed), a migrated database and an API key; replicas of the broker are started on them, each by itself. */
export interface BrokerGround {
  readonly redis: RunningServer;
  readonly postgres: RunningServer;
  /** The replicas reach Redis and Postgres through these. */
  readonly redisProxy: FaultProxy;
  readonly postgresProxy: FaultProxy;
  /** Past the proxy. */
  readonly databaseUrl: string;
  readonly apiKey: string;
  /** Starts a replica; resolves when its process runs. */
  launch(options?: ReplicaOptions): Promise<Service>;
  /** Starts a replica and waits until it is ready. */
  replica(options?: ReplicaOptions): Promise<Service>;
  /** Stops the servers, not the replicas. */
  stop(): Promise<void>;
}

export async function startBrokerGround({ appendfsync = 'always', createApiKey }: BrokerGroundOptions): Promise<BrokerGround> {
  const [bundles, redis, postgres] = await Promise.all([buildApps(['mq-broker']), startRedis({ appendfsync }), startPostgres({ fsync: true, settings: { track_commit_timestamp: 'on' } })]);
  const { url: databaseUrl } = await createTestDatabase(postgres);
  const apiKey = await createApiKey(databaseUrl);
  const [redisProxy, postgresProxy] = await Promise.all([faultProxy({ target: redis.url }), faultProxy({ target: databaseUrl })]);
  const shared = {
    REDIS_URL: redisProxy.url,
    DATABASE_URL: postgresProxy.url,
    SEAL_KEYS: `test:${randomBytes(32).toString('base64')}`,
    WEBHOOK_PRIVATE_HOSTS: '127.0.0.1',
    LOG_LEVEL: 'info',
    SHUTDOWN_GRACE_MS: '5000',
  };
  let count = 0;
  const launch = ({ dieAt, env = {}, onLine }: ReplicaOptions = {}) => {
    count += 1;
    const given = { ...shared, INSTANCE_ID: `replica-${count}`, ...(dieAt === undefined ? {} : { MQ_DIE_AT: dieAt }), ...env };
    return startService({ name: `mq-broker.${count}`, main: bundles['mq-broker'], env: given, onLine });
  };
  return {
    ...{ redis, postgres, redisProxy, postgresProxy, databaseUrl, apiKey, launch },
    async replica(options) {
      const service = await launch(options);
      await service.ready();
      return service;
    },
    async stop() {
      await Promise.all([redisProxy.stop(), postgresProxy.stop()]);
      await Promise.all([redis.stop(), postgres.stop()]);
    },
  };
}
