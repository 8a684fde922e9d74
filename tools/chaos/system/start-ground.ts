import { ApiKeyRepository, scopes, TenantRepository } from '@angarium/auth';
import { openSql } from '@angarium/database';
import { silentLogger } from '@angarium/observability';
import { startBrokerGround, type BrokerGround } from '@angarium/testing';

/** Servers, a migrated database, and a key of a tenant of its own. */
export function startGround(appendfsync: 'always' | 'everysec'): Promise<BrokerGround> {
  return startBrokerGround({ appendfsync, createApiKey });
}

async function createApiKey(url: string): Promise<string> {
  const sql = openSql({ url, poolSize: 1, logger: silentLogger, applicationName: 'chaos' });
  try {
    const { id: tenantId } = await new TenantRepository(sql).create('chaos');
    return (await new ApiKeyRepository(sql).create({ tenantId, name: 'chaos', scopes })).token;
  } finally {
    await sql.end();
  }
}
