import { createSealKey } from '@angarium/secrets';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { ApiKeyRepository, ServiceTokenRepository, TenantRepository } from '@angarium/auth';
import { createDatabase, openSql, type Database } from '@angarium/database';
import { followContext, runInContext, silentLogger } from '@angarium/observability';
import { QueueService } from '@angarium/queues';
import { buildApps, createTestDatabase, freePort, startInbox, startPostgres, startRedis, startService, stopAfterTests, waitFor, type Inbox, type Service } from '@angarium/testing';
import { uuidV7 } from '../claim/uuid-v7.js';

let inbox: Inbox;
let gateway: Service;
let queues: QueueService;
let database: Database<'email'>;
let accounts: Database<'accounts'>;
let acme: { id: string; key: string };
let other: { id: string; key: string };

beforeAll(async () => {
  const [redis, postgres, mails, apps, port] = await Promise.all([startRedis(), startPostgres(), startInbox(), buildApps(['email-worker', 'gateway']), freePort()]);
  inbox = mails;
  const { url } = await createTestDatabase(postgres);
  const sql = openSql({ url, poolSize: 1, logger: silentLogger });
  const tenant = async (name: string) => {
    const { id } = await new TenantRepository(sql).create(name);
    return { id, key: (await new ApiKeyRepository(sql).create({ tenantId: id, name, scopes: ['publish'] })).token };
  };
  [acme, other] = [await tenant('acme'), await tenant('other')];
  const { token } = await new ServiceTokenRepository(sql).create({ service: 'email-worker', permissions: ['files.read'] });
  await sql.end();
  const env = { REDIS_URL: redis.url, DATABASE_URL: url, SMTP_URL: inbox.smtpUrl, GATEWAY_TOKEN: 'a-token-for-tests-only-00', SEAL_KEYS: createSealKey(), GATEWAY_FILES_TENANT_BYTES: '12000000' };
  gateway = await startService({ name: 'gateway', main: apps.gateway, env: { ...env, GATEWAY_PORT: String(port) }, port });
  const worker = await startService({ name: 'email-worker', main: apps['email-worker'], env: { ...env, GATEWAY_URL: gateway.url, INTERNAL_SERVICE_TOKEN: token } });
  queues = new QueueService({ redisUrl: redis.url });
  database = createDatabase('email', { url, logger: silentLogger });
  accounts = createDatabase('accounts', { url, logger: silentLogger });
  await Promise.all([gateway.ready(), worker.ready()]);
});
afterAll(async () => {
  await Promise.all([queues.close(), database.$disconnect(), accounts.$disconnect()]);
  await inbox.stop();
});
stopAfterTests();

async function call(method: string, path: string, { key = acme.key, body, headers = {} }: { key?: string; body?: Buffer; headers?: Record<string, string> } = {}) {
  const answer = await fetch(`${gateway.url}${path}`, { method, headers: { authorization: `Bearer ${key}`, ...headers }, ...(body === undefined ? {} : { body: new Uint8Array(body) }) });
  const text = await answer.text();
  return { status: answer.status, body: (text === '' ? undefined : JSON.parse(text)) as { id: string; code?: string } };
}
const upload = (body: Buffer, headers: Record<string, string> = {}) => call('POST', '/files', { body, headers: { 'content-type': 'application/pdf', 'x-filename': 'invoice.pdf', ...headers } });

/** What a body of so many bytes is answered with before any of it is sent. */
async function announce(size: number, key: string): Promise<number | undefined> {
  const asking = request(`${gateway.url}/files`, { method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-length': size, 'x-filename': 'x' } });
  asking.flushHeaders();
  const [answer] = (await once(asking, 'response')) as [IncomingMessage];
  asking.destroy();
  return answer.statusCode;
}

async function order(tenant: string, fileId: string) {
  const address = `${uuidV7()}@example.com`;
  const idempotencyKey = uuidV7();
  const mail = { to: [address], subject: 'Invoice', text: 'See below', attachments: [{ filename: 'invoice.pdf', contentType: 'application/pdf', fileId }] };
  await runInContext(followContext({ tenant }), () => queues.sendEmail(mail, { idempotencyKey }));
  return { address, idempotencyKey };
}
const failureOf = (idempotencyKey: string) => waitFor(() => database.emailDelivery.findFirst({ where: { idempotencyKey, status: 'failed' } }), { what: 'the mail to fail' });

describe('a stored file', () => {
  it('is attached to mails of its tenant as it was stored, byte by byte', async () => {
    const bytes = randomBytes(2_000_000);
    const stored = await upload(bytes);
    expect(stored).toMatchObject({ status: 201, body: { filename: 'invoice.pdf', contentType: 'application/pdf', size: 2_000_000 } });
    expect(await call('GET', `/files/${stored.body.id}`)).toEqual({ ...stored, status: 200 });
    const { address } = await order(acme.id, stored.body.id);
    const mail = await waitFor(async () => (await inbox.messages()).find(({ To }) => To[0]?.Address === address), { what: 'the mail' });
    const [part] = mail.Attachments;
    const received = Buffer.from(await (await fetch(`${inbox.httpUrl}/api/v1/message/${mail.ID}/part/${part?.PartID}`)).arrayBuffer());
    expect(received.equals(bytes)).toBe(true);
    expect((await call('DELETE', `/files/${stored.body.id}`)).status).toBe(204);
    expect(await call('GET', `/files/${stored.body.id}`)).toMatchObject({ status: 404, body: { code: 'FILE_NOT_FOUND' } });
  });

  it('is nobody else’s: neither to see, to delete nor to attach', async () => {
    const { body } = await upload(Buffer.from('secret'));
    expect((await call('GET', `/files/${body.id}`, { key: other.key })).status).toBe(404);
    expect((await call('DELETE', `/files/${body.id}`, { key: other.key })).status).toBe(404);
    const { idempotencyKey } = await order(other.id, body.id);
    expect((await failureOf(idempotencyKey)).lastError).toContain('attachments.0.fileId');
    expect((await call('GET', `/internal/files/${body.id}?tenant=${acme.id}`)).status).toBe(401);
  });

  it('that has expired is refused: to its tenant, and to mails that name it', async () => {
    const { body } = await upload(Buffer.from('for a while'));
    // as if its thirty days were over
    await accounts.storedFile.update({ where: { id: body.id }, data: { expiresAt: new Date(Date.now() - 1) } });
    expect(await call('GET', `/files/${body.id}`)).toMatchObject({ status: 404, body: { code: 'FILE_NOT_FOUND', message: expect.stringContaining('expired') as string } });
    const { address, idempotencyKey } = await order(acme.id, body.id);
    expect(await failureOf(idempotencyKey)).toMatchObject({ attempts: 1, lastError: expect.stringMatching(/attachments\.0\.fileId .*has expired\. Store it with POST \/files/) as string });
    expect((await inbox.messages()).filter(({ To }) => To[0]?.Address === address)).toEqual([]);
  });

  it('of any content type is bytes: JSON too', async () => {
    const { body } = await upload(Buffer.from('{"a": 1'), { 'content-type': 'application/json', 'x-filename': 'a.json' });
    expect(body).toMatchObject({ contentType: 'application/json', size: 7 });
  });

  it('is refused when it is too large, empty, without a name, or beyond what its tenant may store', async () => {
    expect(await announce(10_000_001, acme.key)).toBe(413);
    expect(await announce(9_000_000, 'ang_unknown')).toBe(401);
    expect(await upload(Buffer.alloc(0))).toMatchObject({ status: 422, body: { code: 'INVALID_INPUT' } });
    expect(await call('POST', '/files', { body: Buffer.from('x') })).toMatchObject({ status: 422, body: { code: 'INVALID_INPUT' } });
    expect((await upload(Buffer.alloc(9_999_000))).status).toBe(201);
    expect(await upload(Buffer.alloc(9_999_000))).toMatchObject({ status: 409, body: { code: 'FILE_QUOTA_REACHED' } });
  });
});
