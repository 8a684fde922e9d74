import { ApiKeyRepository, createApiKeyToken, scopes, TenantRepository } from '@angarium/auth';
import { createSealKey } from '@angarium/secrets';
import { buildApps, createTestDatabase, startPostgres, startRedis, startService, type Service } from '@angarium/testing';
import pg from 'pg';

export interface DocumentedBroker {
  readonly service: Service;
  /** Of the tenant `dev`, with all scopes: what `npm start` prints. */
  readonly apiKey: string;
}

/** A broker as `npm start` runs it, where webhooks may go to this machine. Stopped by `stopAfterTests()`. */
export async function startDocumentedBroker(): Promise<DocumentedBroker> {
  const [bundles, redis, postgres] = await Promise.all([buildApps(['mq-broker']), startRedis(), startPostgres()]);
  const { url } = await createTestDatabase(postgres);
  const apiKey = await makeKey(url);
  const env = { DATABASE_URL: url, REDIS_URL: redis.url, SEAL_KEYS: createSealKey(), WEBHOOK_PRIVATE_HOSTS: '127.0.0.1' };
  const service = await startService({ name: 'mq-broker', main: bundles['mq-broker'], env });
  await service.ready();
  return { service, apiKey };
}

async function makeKey(databaseUrl: string): Promise<string> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const runner = {
      query: async <Row extends object>(text: string, values: readonly unknown[] = []) => (await client.query(text, [...values])).rows as Row[],
      execute: async (text: string, values: readonly unknown[] = []) => (await client.query(text, [...values])).rowCount ?? 0,
    };
    const { id: tenantId } = await new TenantRepository(runner).create('dev');
    const token = createApiKeyToken();
    await new ApiKeyRepository(runner).create({ tenantId, name: 'dev', scopes, token });
    return token;
  } finally {
    await client.end();
  }
}
