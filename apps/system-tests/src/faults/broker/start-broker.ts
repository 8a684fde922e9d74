import { randomBytes } from 'node:crypto';
import { ApiKeyRepository, TenantRepository } from '@angarium/auth';
import { openSql, type Sql } from '@angarium/database';
import { silentLogger } from '@angarium/observability';
import { buildApps, createTestDatabase, faultProxy, startPostgres, startRedis, startService, type FaultProxy, type RunningServer, type Service, type TestDatabase } from '@angarium/testing';

/** Servers, a migrated database and an API key; replicas of the broker are started on them, each by itself. */
export interface BrokerGround {
  readonly redis: RunningServer;
  readonly postgres: RunningServer;
  readonly redisProxy: FaultProxy;
  readonly postgresProxy: FaultProxy;
  readonly sql: Sql;
  readonly apiKey: string;
  /** Starts a replica and waits until it is ready. `dieAt`: see MQ_DIE_AT. */
  replica(options?: { readonly dieAt?: string; readonly env?: Readonly<Record<string, string>> }): Promise<Service>;
  stop(): Promise<void>;
}

export async function startBrokerGround(appendfsync: 'always' | 'everysec' = 'always'): Promise<BrokerGround> {
  const [bundles, redis, postgres] = await Promise.all([buildApps(['mq-broker']), startRedis({ appendfsync }), startPostgres({ fsync: true })]);
  const database: TestDatabase = await createTestDatabase(postgres);
  const sql = openSql({ url: database.url, poolSize: 2, logger: silentLogger });
  const { id: tenantId } = await new TenantRepository(sql).create('faults');
  const { token } = await new ApiKeyRepository(sql).create({ tenantId, name: 'faults', scopes: ['publish', 'consume', 'admin'] });
  const [redisProxy, postgresProxy] = await Promise.all([faultProxy({ target: redis.url }), faultProxy({ target: database.url })]);
  const env = {
    REDIS_URL: redisProxy.url,
    DATABASE_URL: postgresProxy.url,
    SEAL_KEYS: `test:${randomBytes(32).toString('base64')}`,
    WEBHOOK_PRIVATE_HOSTS: '127.0.0.1',
    LOG_LEVEL: 'info',
    SHUTDOWN_GRACE_MS: '5000',
  };
  let count = 0;
  return {
    ...{ redis, postgres, redisProxy, postgresProxy, sql, apiKey: token },
    async replica({ dieAt, env: more = {} } = {}) {
      count += 1;
      const given = { ...env, INSTANCE_ID: `replica-${count}`, ...(dieAt === undefined ? {} : { MQ_DIE_AT: dieAt }), ...more };
      const service = await startService({ name: `mq-broker.${count}`, main: bundles['mq-broker'], env: given });
      await service.ready();
      return service;
    },
    async stop() {
      await sql.end();
      await Promise.all([redisProxy.stop(), postgresProxy.stop()]);
      await Promise.all([redis.stop(), postgres.stop()]);
    },
  };
}
