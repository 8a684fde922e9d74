import { openSql, type Sql } from '@angarium/database';
import { silentLogger } from '@angarium/observability';
import { createTestDatabase, faultProxy, startPostgres, stopAfterTests, waitFor, type FaultProxy, type TestDatabase } from '@angarium/testing';
import { ApiKeyRepository, CredentialAuthenticator, createApiKeyToken, TenantRepository } from './index.js';

stopAfterTests();
let postgres: Awaited<ReturnType<typeof startPostgres>>;
let proxy: FaultProxy;
let test: TestDatabase;
let sql: Sql;
let token: string;
let keyId: string;
let nowMs = 0;
let authenticator: CredentialAuthenticator;

beforeAll(async () => {
  postgres = await startPostgres();
});
beforeEach(async () => {
  test = await createTestDatabase(postgres);
  proxy = await faultProxy({ target: test.url });
  sql = openSql({ url: proxy.url, timeoutMs: 2_000, logger: silentLogger });
  const { id: tenantId } = await new TenantRepository(sql).create('dev');
  ({ id: keyId, token } = await new ApiKeyRepository(sql).create({ tenantId, name: 'my-app', scopes: ['publish'] }));
  nowMs = 0;
  authenticator = new CredentialAuthenticator({ sql, logger: silentLogger, now: () => nowMs });
  await publish(token);
});
afterEach(async () => {
  proxy.pass();
  await sql.end();
  await proxy.stop();
  await test.drop({ mayBeInUse: true });
});

const publish = (it: string) => Promise.resolve().then(() => authenticator.authenticate({ authorization: `Bearer ${it}` }, { kind: 'scope', scope: 'publish' }));

describe('Postgres is away', () => {
  it('a known key goes on, an unknown one is told to try again, and both are as before when it is back', async () => {
    const unknown = createApiKeyToken();
    proxy.reset();
    nowMs = 300_000;
    expect(await publish(token)).toMatchObject({ keyId });
    await expect(publish(unknown)).rejects.toMatchObject({ code: 'UNAVAILABLE', status: 503, retry: 'when-available' });
    proxy.pass();
    await expect(waitFor(() => publish(unknown).catch((error: { code: string }) => error.code === 'UNAUTHORIZED'), { what: 'the truth about the unknown key' })).resolves.toBe(true);
    expect(await publish(token)).toMatchObject({ keyId });
  });

  it('and does not even close its connections: a known key waits a second once, and then not at all', async () => {
    proxy.halfOpen();
    nowMs = 300_000;
    const startedAt = performance.now();
    expect(await publish(token)).toMatchObject({ keyId });
    expect(performance.now() - startedAt).toBeLessThan(1_900);
    expect(authenticator.authenticate({ 'x-api-key': token }, { kind: 'any-scope' })).toMatchObject({ keyId });
  });

  it('a key that was revoked meanwhile ends when it is back', async () => {
    proxy.reset();
    nowMs = 300_000;
    expect(await publish(token)).toMatchObject({ keyId });
    proxy.pass();
    await waitFor(() => new ApiKeyRepository(sql).revoke(keyId), { what: 'Postgres to answer' });
    const isRefused = () => {
      nowMs += 1_000;
      return publish(token).then(() => false, (error: { code: string }) => error.code === 'UNAUTHORIZED');
    };
    await waitFor(isRefused, { what: 'the refusal' });
    expect(nowMs).toBeLessThan(330_000);
  });
});
