import { ApiKeyRepository, TenantRepository } from '@angarium/auth';
import { openSql, type Sql } from '@angarium/database';
import { silentLogger } from '@angarium/observability';
import { startBrokerGround as startGround, type BrokerGround as Ground } from '@angarium/testing';

/** The ground of a fault test, with a look past the broker. */
export interface BrokerGround extends Ground {
  readonly sql: Sql;
}

export async function startBrokerGround(appendfsync: 'always' | 'everysec' = 'always'): Promise<BrokerGround> {
  const ground = await startGround({ appendfsync, createApiKey });
  const sql = openSql({ url: ground.databaseUrl, poolSize: 2, logger: silentLogger });
  return {
    ...ground,
    sql,
    async stop() {
      await sql.end();
      await ground.stop();
    },
  };
}

async function createApiKey(url: string): Promise<string> {
  const sql = openSql({ url, poolSize: 1, logger: silentLogger });
  try {
    const { id: tenantId } = await new TenantRepository(sql).create('faults');
    const { token } = await new ApiKeyRepository(sql).create({ tenantId, name: 'faults', scopes: ['publish', 'consume', 'admin'] });
    return token;
  } finally {
    await sql.end();
  }
}
