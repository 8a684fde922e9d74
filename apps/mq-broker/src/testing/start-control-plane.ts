import type { TenantCaller } from '@angarium/auth';
import { openSql, type Sql } from '@angarium/database';
import { silentLogger } from '@angarium/observability';
import { createSealer, type Sealer } from '@angarium/secrets';
import { createTestDatabase, startPostgres } from '@angarium/testing';
import { Global, Module, type DynamicModule } from '@nestjs/common';
import { randomBytes, randomUUID } from 'node:crypto';
import { CatalogModule } from '../catalog/catalog.module.js';
import { CatalogSignals, type CatalogChange } from '../catalog/catalog-signals.js';
import { WEBHOOK_TARGETS } from '../catalog/subscriptions/webhook-targets.js';
import { SYSTEM_TENANT_ID } from '../catalog/topics/topic-cache.js';
import { commitMessages } from '../flow/commit/commit.repository.js';
import type { NewMessage } from '../flow/commit/new-message.js';
import { DeadLettersModule } from '../flow/settle/dead-letters.module.js';
import { SEALER } from '../sealer.js';
import { SqlModule } from '../sql.js';
import { AuditModule } from '../watch/audit/audit.module.js';
import { MessagesModule } from '../watch/messages.module.js';
import { startTestApi, testCaller, type TestApi } from './start-test-api.js';

/** Catalogue, dead letters, replay, messages and audit over a real Postgres, with two tenants that know nothing of each other, and the system. */
export interface ControlPlane extends TestApi {
  /** Calls where nobody else is named. */
  readonly acme: TenantCaller;
  /** Another key of acme. */
  readonly acmeBilling: TenantCaller;
  /** A tenant of its own, whatever its name. */
  readonly acmeLabs: TenantCaller;
  readonly globex: TenantCaller;
  readonly system: TenantCaller;
  /** Its database. */
  readonly sql: Sql;
  readonly sealer: Sealer;
  /** Every change that caches were told of. */
  readonly changes: CatalogChange[];
  /** Commits messages as publishing does. @returns their offsets. */
  publish(topic: { readonly id: string; readonly tenantId: string }, ...messages: Partial<NewMessage>[]): Promise<number[]>;
}

@Global()
@Module({})
class Surroundings {}

/** With a fresh database of its own, which `close()` drops; its Postgres is ended by `stopAfterTests()`, which must stand below. */
export async function startControlPlane(): Promise<ControlPlane> {
  const database = await createTestDatabase(await startPostgres());
  const sql = openSql({ url: database.url, logger: silentLogger });
  const changes: CatalogChange[] = [];
  const signals = new CatalogSignals();
  signals.onChange((change) => changes.push(change));
  const sealer = createSealer(`test:${randomBytes(32).toString('base64')}`);
  const acme = testCaller(await addTenant(sql, 'acme'));
  const acmeBilling = { ...acme, keyName: 'billing' };
  const [acmeLabs, globex] = [testCaller(await addTenant(sql, 'acme-labs')), testCaller(await addTenant(sql, 'globex'))];
  const system = testCaller({ id: SYSTEM_TENANT_ID, name: 'system' });
  const providers = [
    { provide: CatalogSignals, useValue: signals },
    { provide: SEALER, useValue: sealer },
    { provide: WEBHOOK_TARGETS, useValue: { allowPrivateHosts: ['receiver.test'] } },
  ];
  const surroundings: DynamicModule = { module: Surroundings, providers, exports: providers.map(({ provide }) => provide) };
  const imports = [SqlModule.around(sql), surroundings, CatalogModule, DeadLettersModule, MessagesModule, AuditModule];
  await sql.execute('SELECT broker.ensure_day(current_date + d) FROM generate_series(-1, 1) AS d');
  const api = await startTestApi({ callers: [acme, acmeBilling, acmeLabs, globex, system], imports });
  const close = async () => {
    await api.close();
    await sql.end();
    await database.drop();
  };
  return { ...api, close, sql, acme, acmeBilling, acmeLabs, globex, system, sealer, changes, publish: (topic, ...messages) => publish(sql, topic, messages) };
}

async function addTenant(sql: Sql, name: string): Promise<{ readonly id: string; readonly name: string }> {
  const [row] = await sql.query<{ readonly id: string }>('INSERT INTO auth.tenants (name) VALUES ($1) RETURNING id', [name]);
  if (!row) throw new TypeError('no tenant was made');
  return { id: row.id, name };
}

async function publish(sql: Sql, topic: { readonly id: string; readonly tenantId: string }, messages: readonly Partial<NewMessage>[]): Promise<number[]> {
  const committed = await commitMessages(
    sql,
    messages.map((it) => {
      const recordId = randomUUID();
      return {
        ...{ topicId: topic.id, tenantId: topic.tenantId, partition: 0, recordId, messageId: recordId, dedupWindowMs: null, key: null, type: 'test' },
        ...{ correlationId: null, headers: '{}', payload: '{}', payloadSize: 2, contentType: 'application/json', scheduledAt: null, expiresAt: null },
        ...{ producer: 'tester', traceparent: null },
        ...it,
      };
    }),
  );
  return committed.map(({ offset }) => offset);
}
