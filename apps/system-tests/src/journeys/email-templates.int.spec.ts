import { ApiKeyRepository, TenantRepository, type Scope } from '@angarium/auth';
import { openSql } from '@angarium/database';
import { silentLogger } from '@angarium/observability';
import { stopAfterTests } from '@angarium/testing';
import { gatewayToken, startSystem, waitForMails, type System } from '../harness/start-system.js';

stopAfterTests();
let system: System;
const keys: Partial<Record<Scope, string>> = {};
beforeAll(async () => {
  system = await startSystem();
  const sql = openSql({ url: system.databaseUrl, poolSize: 1, logger: silentLogger });
  const { id } = await new TenantRepository(sql).create('acme');
  for (const scope of ['admin', 'publish'] as const) keys[scope] = (await new ApiKeyRepository(sql).create({ tenantId: id, name: scope, scopes: [scope] })).token;
  await sql.end();
});

async function call(method: string, path: string, { key = gatewayToken, body, headers = {} }: { key?: string | undefined; body?: unknown; headers?: Record<string, string> } = {}) {
  const init = { method, headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  const answer = await fetch(`${system.gateway.url}${path}`, init);
  return { status: answer.status, etag: answer.headers.get('etag'), body: (await answer.json()) as Record<string, unknown> };
}
const settings = (subject: string) => ({ locales: { en: { subject, html: '<p>Hello {{ username }}</p>' } } });

describe('mail templates behind the gateway', () => {
  it('of the system are what a new user is welcomed with, as their preview shows it', async () => {
    const preview = await call('POST', '/templates/welcome/preview', { body: { variables: { username: 'user-1' } } });
    expect(preview).toMatchObject({ status: 200, body: { subject: 'Welcome to Angarium', missingVariables: [] } });
    const { email } = await system.register(1);
    await waitForMails(system.inbox, [email]);
    const [mail] = await system.inbox.messages();
    expect(mail?.Subject).toBe(preview.body['subject']);
    expect(mail?.HTML.replaceAll('\r\n', '\n').trim()).toBe((preview.body['html'] as string).trim());
  });

  it('of the system are changed by the operator, and the next user gets the new one', async () => {
    const { etag } = await call('GET', '/templates/welcome');
    expect(etag).toBe('"1"');
    expect(await call('PUT', '/templates/welcome', { body: settings('New here'), headers: { 'if-match': '"1"' } })).toMatchObject({ status: 200, etag: '"2"', body: { version: 2 } });
    const { email } = await system.register(2);
    await waitForMails(system.inbox, [email]);
    expect((await system.inbox.messages()).find(({ To }) => To[0]?.Address === email)?.Subject).toBe('New here');
  });

  it('of a tenant are its own: saved with the scope admin, read with any, under If-Match', async () => {
    const admin = keys.admin;
    expect(await call('PUT', '/templates/hello', { key: keys.publish, body: settings('Hi') })).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
    expect(await call('PUT', '/templates/hello', { key: admin, body: settings('Hi') })).toMatchObject({ status: 200, etag: '"1"', body: { key: 'hello', isShared: false, version: 1 } });
    expect(await call('PUT', '/templates/hello', { key: admin, body: settings('Hi') })).toMatchObject({ status: 428, body: { code: 'EMAIL_TEMPLATE_REVISION_REQUIRED' } });
    expect(await call('PUT', '/templates/hello', { key: admin, body: settings('Hi'), headers: { 'if-match': '1' } })).toMatchObject({ status: 422, body: { code: 'INVALID_INPUT' } });
    expect(await call('PUT', '/templates/hello', { key: admin, body: settings('Hi 2'), headers: { 'if-match': '"1"' } })).toMatchObject({ status: 200, etag: '"2"' });
    expect(await call('POST', '/templates/hello/rollback', { key: admin, body: { version: 1 } })).toMatchObject({ status: 200, body: { version: 1, contents: { en: { subject: 'Hi' } } } });
    expect(await call('GET', '/templates/hello/versions', { key: keys.publish })).toMatchObject({ status: 200, body: { items: [{ version: 2 }, { version: 1, isCurrent: true }] } });
    expect(await call('GET', '/templates/hello')).toMatchObject({ status: 404, body: { code: 'EMAIL_TEMPLATE_UNKNOWN' } });
    const mine = (await call('GET', '/templates', { key: keys.publish })).body['items'] as { key: string }[];
    expect(mine.map(({ key }) => key)).toEqual(['alert', 'digest', 'hello', 'verification', 'welcome']);
    expect(await call('DELETE', '/templates/hello', { key: admin })).toMatchObject({ status: 200, body: { removedVersions: 2 } });
  });

  it('are refused with every fault and its place', async () => {
    const body = { locales: { en: { subject: '{{ a', html: '<a href={{ url }}>x</a>' }, de: { subject: 'x' } } };
    expect(await call('PUT', '/templates/bad', { key: keys.admin, body })).toMatchObject({ status: 422, body: { code: 'INVALID_INPUT' } });
    expect(await call('PUT', '/templates/bad', { key: keys.admin, body: { locales: { en: body.locales.en } } })).toMatchObject({
      status: 422,
      body: { code: 'EMAIL_TEMPLATE_INVALID', details: { faults: [{ path: 'locales.en' }] } },
    });
    const huge = { locales: Object.fromEntries(['en', 'de', 'fr'].map((locale) => [locale, { subject: 'x', html: 'x'.repeat(70_000) }])) };
    expect(await call('PUT', '/templates/bad', { key: keys.admin, body: huge })).toMatchObject({ status: 413, body: { code: 'EMAIL_TEMPLATE_TOO_LARGE' } });
  });

  it('ask for a credential', async () => {
    expect((await fetch(`${system.gateway.url}/templates`)).status).toBe(401);
  });
});
