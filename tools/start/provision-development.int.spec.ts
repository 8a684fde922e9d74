import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiKeyRepository, CredentialAuthenticator, ServiceTokenRepository } from '@angarium/auth';
import { openSql, type Sql } from '@angarium/database';
import { silentLogger } from '@angarium/observability';
import { createTestDatabase, startPostgres, stopAfterTests, type TestDatabase } from '@angarium/testing';
import { provisionDevelopment, type DevelopmentCredentials } from './provision-development.js';
import { openSecretsFile } from './secrets-file.js';

stopAfterTests();
let postgres: Awaited<ReturnType<typeof startPostgres>>;
let test: TestDatabase;
let sql: Sql;
let folder: string;

beforeAll(async () => {
  postgres = await startPostgres();
});
beforeEach(async () => {
  test = await createTestDatabase(postgres);
  sql = openSql({ url: test.url, logger: silentLogger });
  folder = await mkdtemp(join(tmpdir(), 'angarium-provision-'));
});
afterEach(async () => {
  await sql.end();
  await test.drop();
  await rm(folder, { recursive: true });
});

const file = () => join(folder, 'secrets.json');
const start = async (secretsFile = file()) => provisionDevelopment(test.url, await openSecretsFile(secretsFile));
const use = async ({ apiKey, serviceToken }: DevelopmentCredentials) => {
  const authenticator = new CredentialAuthenticator({ sql, logger: silentLogger });
  const headers = { authorization: `Bearer ${apiKey}`, 'x-service-token': serviceToken };
  return [
    ...(await Promise.all((['publish', 'consume', 'admin'] as const).map(async (scope) => authenticator.authenticate(headers, { kind: 'scope', scope })))),
    await authenticator.authenticate(headers, { kind: 'service', permission: 'anything' }),
  ];
};

describe('the credentials of the development tenant', () => {
  it('open everything, and are the same at the next start', async () => {
    const first = await start();
    expect(await use(first)).toMatchObject([{ tenantName: 'dev' }, { tenantName: 'dev' }, { tenantName: 'dev' }, { service: 'dev-service' }]);
    expect(await start()).toEqual(first);
    expect(await new ApiKeyRepository(sql).list()).toHaveLength(1);
    expect(await new ServiceTokenRepository(sql).list()).toHaveLength(1);
  });

  it('can be read by their owner only', async () => {
    const { apiKey } = await start();
    expect(await readFile(file(), 'utf8')).toContain(apiKey);
    expect((await stat(file())).mode & 0o777).toBe(0o600);
  });

  it('are put into a new database as they are', async () => {
    const first = await start();
    await sql.execute('TRUNCATE auth.tenants, auth.api_keys, auth.service_tokens CASCADE');
    expect(await start()).toEqual(first);
    expect(await use(first)).toHaveLength(4);
  });

  it('are replaced when somebody revoked them', async () => {
    const first = await start();
    for (const { id } of await new ApiKeyRepository(sql).list()) await new ApiKeyRepository(sql).revoke(id);
    for (const { id } of await new ServiceTokenRepository(sql).list()) await new ServiceTokenRepository(sql).revoke(id);
    const second = await start();
    expect(second.apiKey).not.toBe(first.apiKey);
    expect(second.serviceToken).not.toBe(first.serviceToken);
    expect(await use(second)).toHaveLength(4);
  });

  it('are made anew however often the data folder was lost', async () => {
    for (let i = 0; i < 4; i++) {
      await rm(file(), { force: true });
      expect(await use(await start())).toHaveLength(4);
    }
  });
});
