import type { Access } from '@angarium/contracts';
import { openSql, type Sql } from '@angarium/database';
import { SharedErrors } from '@angarium/errors';
import { createLogger, silentLogger } from '@angarium/observability';
import { createTestDatabase, startPostgres, stopAfterTests, type TestDatabase } from '@angarium/testing';
import { ApiKeyRepository, CredentialAuthenticator, createApiKeyToken, createServiceToken, hashToken, ServiceTokenRepository, SYSTEM_TENANT_ID, TenantRepository, type Scope } from './index.js';

stopAfterTests();
let postgres: Awaited<ReturnType<typeof startPostgres>>;
let test: TestDatabase;
let sql: Sql;
let tenants: TenantRepository;
let keys: ApiKeyRepository;
let serviceTokens: ServiceTokenRepository;
let authenticator: CredentialAuthenticator;

beforeAll(async () => {
  postgres = await startPostgres();
});
beforeEach(async () => {
  test = await createTestDatabase(postgres);
  sql = openSql({ url: test.url, logger: silentLogger });
  [tenants, keys, serviceTokens] = [new TenantRepository(sql), new ApiKeyRepository(sql), new ServiceTokenRepository(sql)];
  authenticator = new CredentialAuthenticator({ sql, logger: silentLogger });
});
afterEach(async () => {
  await sql.end();
  await test.drop();
});

const needs = (scope: Scope): Access => ({ kind: 'scope', scope });
const anyScope: Access = { kind: 'any-scope' };
const ofService = (permission: string): Access => ({ kind: 'service', permission });
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const refusalOf = (work: () => unknown) => Promise.resolve().then(work).then(() => undefined, (error: unknown) => error);
const makeKey = async (scopes: readonly Scope[], changes: { tenant?: string; expiresInMs?: number } = {}) => {
  const { id: tenantId } = await tenants.create(changes.tenant ?? 'dev');
  return { tenantId, ...(await keys.create({ tenantId, name: 'my-app', scopes, expiresInMs: changes.expiresInMs })) };
};

describe('an API key', () => {
  it('acts for its tenant, in either header', async () => {
    const { id, token, tenantId } = await makeKey(['publish', 'consume']);
    const caller = { kind: 'tenant', tenantId, tenantName: 'dev', keyId: id, keyName: 'my-app', scopes: new Set(['publish', 'consume']), publishRate: undefined };
    expect(await authenticator.authenticate(bearer(token), needs('publish'))).toEqual(caller);
    expect(await authenticator.authenticate({ 'x-api-key': token }, needs('consume'))).toEqual(caller);
    expect(await authenticator.authenticate({ authorization: 'Basic YTpi', 'x-api-key': token }, anyScope)).toEqual(caller);
    expect(await authenticator.authenticate({ authorization: `bearer  ${token}` }, anyScope)).toEqual(caller);
  });

  it('carries the rate of its tenant', async () => {
    const { token, tenantId } = await makeKey(['publish']);
    await sql.execute('UPDATE auth.tenants SET publish_rate = 50 WHERE id = $1', [tenantId]);
    expect(await authenticator.authenticate(bearer(token), anyScope)).toMatchObject({ publishRate: 50 });
  });

  it('once known is told without a promise', async () => {
    const { token } = await makeKey(['publish']);
    expect(authenticator.authenticate(bearer(token), needs('publish'))).toBeInstanceOf(Promise);
    await authenticator.authenticate(bearer(token), needs('publish'));
    expect(authenticator.authenticate(bearer(token), needs('publish'))).toMatchObject({ kind: 'tenant' });
  });

  it('may do only what its scopes say: admin does not publish or consume, and any of them opens what asks for none', async () => {
    for (const scope of ['publish', 'consume', 'admin'] as const) {
      const { token } = await makeKey([scope]);
      for (const other of ['publish', 'consume', 'admin'] as const) {
        for (const when of ['before it is known', 'after']) {
          const refusal = await refusalOf(() => authenticator.authenticate(bearer(token), needs(other)));
          if (other === scope) expect([when, refusal]).toEqual([when, undefined]);
          else expect(refusal).toMatchObject({ code: 'FORBIDDEN', status: 403, message: expect.stringContaining(other) as string, details: { needs: other, has: [scope] } });
        }
      }
      expect(await authenticator.authenticate(bearer(token), anyScope)).toMatchObject({ kind: 'tenant' });
    }
  });

  it('with a scope that this version does not know is not let in by it', async () => {
    const { token, id } = await makeKey(['consume']);
    await sql.execute(`UPDATE auth.api_keys SET scopes = '{everything,*}' WHERE id = $1`, [id]);
    expect(await refusalOf(() => authenticator.authenticate(bearer(token), needs('publish')))).toMatchObject({ code: 'FORBIDDEN' });
    expect(await authenticator.authenticate(bearer(token), anyScope)).toMatchObject({ scopes: new Set() });
  });

  it.each([
    ['nothing', {}],
    ['another scheme', { authorization: 'Basic YTpi' }],
    ['a word', bearer('secret')],
    ['a key that was cut', bearer(createApiKeyToken().slice(0, -1))],
    ['two keys', { 'x-api-key': `${createApiKeyToken()}, ${createApiKeyToken()}` }],
    ['a key that nobody made', bearer(createApiKeyToken())],
    ['a service token', bearer(createServiceToken())],
    ['a service token in its own header', { 'x-service-token': createServiceToken() }],
  ])('is not what came: 401 for %s, and the answer does not repeat it', async (_what, headers) => {
    const refusal = (await refusalOf(() => authenticator.authenticate(headers, anyScope))) as Error;
    expect(refusal).toMatchObject({ code: 'UNAUTHORIZED', status: 401, retry: 'never' });
    for (const value of Object.values(headers)) expect(refusal.message).not.toContain(value);
  });

  it('is refused when it was revoked or has expired, by the clock of Postgres', async () => {
    const revoked = await makeKey(['publish']);
    expect([await keys.revoke(revoked.id), await keys.revoke(revoked.id)]).toEqual([true, true]);
    expect(await keys.revoke(revoked.tenantId)).toBe(false);
    const expired = await makeKey(['publish'], { expiresInMs: -1 });
    const valid = await makeKey(['publish'], { expiresInMs: 60_000 });
    expect(await refusalOf(() => authenticator.authenticate(bearer(revoked.token), anyScope))).toMatchObject({ code: 'UNAUTHORIZED', message: expect.stringContaining('revoked') as string });
    expect(await refusalOf(() => authenticator.authenticate(bearer(expired.token), anyScope))).toMatchObject({ code: 'UNAUTHORIZED', message: expect.stringContaining('expired') as string });
    expect(await authenticator.authenticate(bearer(valid.token), anyScope)).toMatchObject({ kind: 'tenant' });
    expect((await keys.list('dev')).map((it) => [it.id, it.isValid])).toEqual(expect.arrayContaining([[revoked.id, false], [expired.id, false], [valid.id, true]]));
  });

  it('is in the database only as a hash, and in no line of the log', async () => {
    const lines: string[] = [];
    const logger = createLogger({ service: 'test', instance: 'test', level: 'trace' }, { write: (line) => void lines.push(line) });
    const { token } = await makeKey(['publish']);
    const away = { ...sql, query: () => Promise.reject(SharedErrors.UNAVAILABLE()) };
    for (const it of [sql, away]) await refusalOf(() => new CredentialAuthenticator({ sql: it, logger }).authenticate(bearer(token), needs('admin')));
    expect(lines.join()).toContain('credentials cannot be looked up');
    const [row] = await sql.query<{ text: string }>('SELECT k::text AS text FROM auth.api_keys k');
    expect(row!.text).toContain(hashToken(token));
    expect(`${row!.text} ${lines.join()}`).not.toContain(token);
  });
});

describe('an operator', () => {
  const operator: Access = { kind: 'operator' };
  const systemKey = (scopes: readonly Scope[]) => keys.create({ tenantId: SYSTEM_TENANT_ID, name: 'ops', scopes });

  it("is whoever holds a key of the system's own tenant with the scope admin", async () => {
    const { id, token } = await systemKey(['admin']);
    expect(await authenticator.authenticate(bearer(token), operator)).toMatchObject({ kind: 'tenant', tenantId: SYSTEM_TENANT_ID, keyId: id });
    // and once known, at once
    expect(authenticator.authenticate(bearer(token), operator)).toMatchObject({ keyId: id });
  });

  it('is no administrator of a tenant, and no key of the system without that scope: 403', async () => {
    const tenant = await makeKey(['publish', 'consume', 'admin']);
    const weak = await systemKey(['publish', 'consume']);
    for (const { token } of [tenant, tenant, weak, weak]) {
      expect(await refusalOf(() => authenticator.authenticate(bearer(token), operator))).toMatchObject({ code: 'FORBIDDEN', status: 403, details: { needs: 'operator' } });
    }
    expect(await refusalOf(() => authenticator.authenticate({}, operator))).toMatchObject({ code: 'UNAUTHORIZED' });
  });
});

describe('a service token', () => {
  it('opens the routes that its permissions name, and * all of them', async () => {
    const narrow = await serviceTokens.create({ service: 'user-service', permissions: ['user-events', 'audit-logs'] });
    const wide = await serviceTokens.create({ service: 'dev-service', permissions: ['*'] });
    expect(await authenticator.authenticate({ 'x-service-token': narrow.token }, ofService('user-events'))).toEqual({
      kind: 'service',
      service: 'user-service',
      permissions: new Set(['user-events', 'audit-logs']),
    });
    expect(authenticator.authenticate({ 'x-service-token': narrow.token }, ofService('audit-logs'))).toMatchObject({ kind: 'service' });
    for (let call = 1; call <= 2; call++) {
      expect(await authenticator.authenticate({ 'x-service-token': wide.token }, ofService('anything'))).toMatchObject({ service: 'dev-service' });
      const refusal = await refusalOf(() => authenticator.authenticate({ 'x-service-token': narrow.token }, ofService('notifications')));
      expect(refusal).toMatchObject({ code: 'FORBIDDEN', details: { needs: 'notifications' } });
    }
  });

  it.each([
    ['nothing', {}],
    ['an API key', bearer(createApiKeyToken())],
    ['an API key in its header', { 'x-service-token': createApiKeyToken() }],
    ['a token that nobody made', { 'x-service-token': createServiceToken() }],
  ])('is not what came: 401 for %s', async (_what, headers) => {
    expect(await refusalOf(() => authenticator.authenticate(headers, ofService('user-events')))).toMatchObject({ code: 'UNAUTHORIZED', status: 401 });
  });

  it('is one of two at most, also when ten are made at once, and revoking one makes room', async () => {
    const make = () => serviceTokens.create({ service: 'user-service', permissions: ['user-events'] });
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, make));
    const made = outcomes.flatMap((it) => (it.status === 'fulfilled' ? [it.value] : []));
    expect(made).toHaveLength(2);
    expect(outcomes.filter((it) => it.status === 'rejected').map((it) => (it.reason as { code: string }).code)).toEqual(Array<string>(8).fill('SERVICE_TOKENS_FULL'));
    for (const { token } of made) expect(await authenticator.authenticate({ 'x-service-token': token }, ofService('user-events'))).toMatchObject({ kind: 'service' });
    expect([await serviceTokens.revoke(made[0]!.id), await serviceTokens.revoke(made[0]!.id)]).toEqual([true, true]);
    const next = await make();
    const fresh = new CredentialAuthenticator({ sql, logger: silentLogger });
    expect(await refusalOf(() => fresh.authenticate({ 'x-service-token': made[0]!.token }, ofService('user-events')))).toMatchObject({ code: 'UNAUTHORIZED' });
    expect(await fresh.authenticate({ 'x-service-token': next.token }, ofService('user-events'))).toMatchObject({ kind: 'service' });
    expect((await serviceTokens.list('user-service')).filter((it) => it.isValid)).toHaveLength(2);
    await serviceTokens.create({ service: 'other-service', permissions: [] });
  });

  it('that was revoked stays so when the clock is set back', async () => {
    const { id, token } = await serviceTokens.create({ service: 'clock-service', permissions: ['*'] });
    await serviceTokens.revoke(id);
    // what the hour before sees of it
    await sql.execute("UPDATE auth.service_tokens SET expires_at = expires_at + interval '1 hour', revoked_at = revoked_at + interval '1 hour' WHERE id = $1", [id]);
    expect(await refusalOf(() => authenticator.authenticate({ 'x-service-token': token }, ofService('anything')))).toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringContaining('revoked') as string,
    });
    expect(await serviceTokens.list('clock-service')).toMatchObject([{ id, isValid: false, revokedAt: expect.any(Date) as Date }]);
  });
});

describe('what cannot be a credential', () => {
  it.each([
    [anyScope, bearer('a'.repeat(7_000))],
    [anyScope, { 'x-api-key': createServiceToken() }],
    [ofService('user-events'), { 'x-service-token': createApiKeyToken() }],
    [ofService('user-events'), { 'x-service-token': `${createServiceToken()} ` }],
  ])('is refused without a look into the database (%#)', async (access, headers) => {
    const away = { ...sql, query: () => Promise.reject(SharedErrors.UNAVAILABLE()) };
    const blind = new CredentialAuthenticator({ sql: away, logger: silentLogger });
    expect(await refusalOf(() => blind.authenticate(headers, access))).toMatchObject({ code: 'UNAUTHORIZED' });
  });
});

describe('an open route', () => {
  it('asks nobody for anything, and does not look at what came', () => {
    expect(authenticator.authenticate(bearer('nonsense'), { kind: 'open', reason: 'health' })).toEqual({ kind: 'anyone' });
  });
});

describe('a tenant', () => {
  it('is made once, however often and at once it is asked for', async () => {
    const made = await Promise.all(Array.from({ length: 10 }, () => tenants.create('ada')));
    expect(new Set(made.map((it) => it.id)).size).toBe(1);
    expect(made.filter((it) => it.isNew)).toHaveLength(1);
  });

  it('sees its own keys in its list and no others', async () => {
    const mine = await makeKey(['publish'], { tenant: 'mine' });
    await makeKey(['publish'], { tenant: 'other' });
    expect((await keys.list('mine')).map((it) => it.id)).toEqual([mine.id]);
    expect(await keys.list()).toHaveLength(2);
  });
});
