import { ApiKeyRepository, TenantRepository, type Scope } from '@angarium/auth';
import { EmailSent } from '@angarium/contracts';
import { openSql } from '@angarium/database';
import { silentLogger } from '@angarium/observability';
import { createSealKey } from '@angarium/secrets';
import { buildApps, createTestDatabase, startPostgres, startRedis, startService, stopAfterTests, waitFor, type Service } from '@angarium/testing';
import { MessageBus } from '@angarium/transport';

interface Tenant {
  readonly id: string;
  readonly key: string;
}
let broker: Service;
let bus: MessageBus;
let acme: Tenant;
let globex: Tenant;

beforeAll(async () => {
  const [bundles, redis, postgres] = await Promise.all([buildApps(['mq-broker']), startRedis(), startPostgres()]);
  const { url } = await createTestDatabase(postgres);
  const sql = openSql({ url, poolSize: 1, logger: silentLogger });
  const make = async (name: string): Promise<Tenant> => {
    const { id } = await new TenantRepository(sql).create(name);
    const scopes: Scope[] = ['publish', 'consume', 'admin'];
    return { id, key: (await new ApiKeyRepository(sql).create({ tenantId: id, name, scopes })).token };
  };
  [acme, globex] = [await make('acme'), await make('globex')];
  await sql.end();
  broker = await startService({ name: 'mq-broker', main: bundles['mq-broker'], env: { DATABASE_URL: url, REDIS_URL: redis.url, SEAL_KEYS: createSealKey() } });
  await broker.ready();
  bus = new MessageBus({ service: 'email-worker', redisUrl: redis.url });
});
afterAll(() => bus.close());
// below the hook above: connections are closed while their server is there
stopAfterTests();

async function call(of: Tenant, method: 'GET' | 'POST', path: string, body?: object): Promise<{ status: number; body: Record<string, unknown> }> {
  const headers = { authorization: `Bearer ${of.key}`, ...(body && { 'content-type': 'application/json' }) };
  const answer = await fetch(`${broker.url}/api/v1/mq${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}
const subscribe = (of: Tenant, topic: string) => call(of, 'POST', '/subscriptions', { topic, group: 'events', destination: { type: 'pull' } });
const sent = (of: string, idempotencyKey: string) =>
  bus.emit(EmailSent, { deliveryId: crypto.randomUUID(), idempotencyKey, messageId: '<1@angarium.test>', acceptedCount: 1, rejectedCount: 0, sentAt: new Date().toISOString() }, { tenant: of });

interface Pulled {
  readonly messageId: string;
  readonly payload: { readonly idempotencyKey: string };
}

describe('the events of the system', () => {
  it('reach each tenant that subscribes to them as far as they are its own, and nobody else, also by their ids', async () => {
    const ids = new Map<Tenant, string>();
    for (const tenant of [acme, globex]) ids.set(tenant, String((await subscribe(tenant, 'email.sent')).body['id']));
    for (const round of [1, 2, 3]) {
      await sent(acme.id, `acme-${round}`);
      await sent(globex.id, `globex-${round}`);
      await sent('system', `system-${round}`);
    }
    const heard = async (tenant: Tenant, count: number) => {
      const found: Pulled[] = [];
      const pull = async () => {
        found.push(...((await call(tenant, 'POST', `/subscriptions/${ids.get(tenant)}/pull`, { max: 10, waitMs: 500 })).body['messages'] as Pulled[]));
        return found.length >= count;
      };
      await waitFor(pull, { what: `${count} messages` });
      await pull(); // nothing else comes
      return found;
    };
    const [ofAcme, ofGlobex] = [await heard(acme, 3), await heard(globex, 3)];
    expect(ofAcme.map(({ payload }) => payload.idempotencyKey).sort()).toEqual(['acme-1', 'acme-2', 'acme-3']);
    expect(ofGlobex.map(({ payload }) => payload.idempotencyKey).sort()).toEqual(['globex-1', 'globex-2', 'globex-3']);
    const [message] = ofAcme;
    expect((await call(acme, 'GET', `/messages/${message!.messageId}`)).status).toBe(200);
    expect((await call(globex, 'GET', `/messages/${message!.messageId}`)).status).toBe(404);
  });

  it("that are nobody's business are no topics for tenants", async () => {
    for (const topic of ['user-notifications', 'audit-logs', 'queue.changed']) expect((await subscribe(acme, topic)).body['code']).toBe('MQ_QUEUE_NOT_FOUND');
    const { items } = (await call(acme, 'GET', '/queues?public=true&limit=100')).body as { items: { name: string }[] };
    expect(items.map(({ name }) => name)).toContain('email.sent');
    expect(items.map(({ name }) => name)).not.toContain('user-notifications');
  });
});
