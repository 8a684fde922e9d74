import { CreateTopic, DeleteTopic, UpdateTopic } from '@angarium/contracts/broker-api';
import { ListAudit } from '@angarium/contracts/broker-api';
import type { Sql } from '@angarium/database';
import { stopAfterTests } from '@angarium/testing';
import { startControlPlane, type ControlPlane } from '../../testing/start-control-plane.js';
import { writeAudit } from './write-audit.js';

let sql: Sql;
let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
  sql = plane.sql;
});
afterAll(() => plane.close());
stopAfterTests(); // below, as it stops Postgres

const list = async (query: Record<string, string> = {}, as = plane.acme) => (await plane.call(ListAudit, { as, query })).body;

describe('the audit trail', () => {
  it('tells who changed what, with what it was and is, youngest first', async () => {
    await plane.call(CreateTopic, { body: { name: 'audited' } });
    await plane.call(UpdateTopic, { as: plane.acmeBilling, params: { name: 'audited' }, headers: { 'if-match': '"1"' }, body: { displayName: 'Audited' } });
    await plane.call(DeleteTopic, { params: { name: 'audited' } });
    const { items } = await list({ resource: 'topic/audited' });
    expect(items).toMatchObject([
      { actor: 'tester', action: 'topic.delete', before: { displayName: 'Audited', deletedMessages: 0 }, after: null },
      { actor: 'billing', action: 'topic.update', before: { displayName: null }, after: { displayName: 'Audited' } },
      { actor: 'tester', action: 'topic.create', before: null, after: { name: 'audited' } },
    ]);
  });

  it('has no entry for a change that did not happen', async () => {
    await plane.call(UpdateTopic, { params: { name: 'nowhere' }, headers: { 'if-match': '"1"' }, body: {} });
    const failing = sql.transaction(async (tx) => {
      await writeAudit(tx, { tenantId: plane.acme.tenantId, actor: 'tester', action: 'topic.create', resource: 'topic/nowhere' });
      throw new Error('no soup');
    });
    await expect(failing).rejects.toThrow('no soup');
    expect((await list({ resource: 'topic/nowhere' })).items).toEqual([]);
  });

  it('is read by its own tenant, by keys that may administer', async () => {
    await plane.call(CreateTopic, { as: plane.globex, body: { name: 'theirs' } });
    expect((await list({ resource: 'topic/theirs' })).items).toEqual([]);
    expect((await list({ resource: 'topic/theirs' }, plane.globex)).items).toHaveLength(1);
  });

  it('comes in pages, each entry once, filtered by the beginning of the action', async () => {
    for (const action of ['soup.cook', 'soup.eat', 'soup.cook', 'soup.cook', 'soupxcook']) {
      await writeAudit(sql, { tenantId: plane.acme.tenantId, actor: 'tester', action, resource: 'soup' });
    }
    const seen = new Set<string>();
    let count = 0;
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: Awaited<ReturnType<typeof list>> = await list({ action: 'soup.', limit: '3', ...(cursor === '' ? {} : { cursor }) });
      for (const { id } of page.items) seen.add(id);
      count += page.items.length;
      cursor = page.nextCursor;
    }
    expect([seen.size, count]).toEqual([4, 4]);
    expect((await list({ action: 'soup.cook' })).items).toHaveLength(3);
    expect((await list({ action: 'soup_' })).items).toEqual([]);
  });
});
