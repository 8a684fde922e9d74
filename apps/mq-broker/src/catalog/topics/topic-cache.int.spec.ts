import { openSql } from '@angarium/database';
import { silentLogger } from '@angarium/observability';
import { stopAfterTests, waitFor } from '@angarium/testing';
import { makeParts, TENANT_ID, type Parts } from '../../testing/flow-bench/make-parts.js';
import { CatalogSignals } from '../catalog-signals.js';
import { TopicCache } from './topic-cache.js';

let parts: Parts;
beforeAll(async () => {
  parts = await makeParts();
});
afterAll(() => parts.close());
stopAfterTests(); // below, as it stops the servers

async function named(): Promise<{ id: string; name: string }> {
  const id = await parts.topic();
  const [row] = await parts.sql.query<{ name: string }>('SELECT name FROM broker.message_topics WHERE id = $1', [id]);
  return { id, name: row!.name };
}
const change = (id: string, status: string) => parts.sql.execute('UPDATE broker.message_topics SET status = $2, version = version + 1, updated_at = now() WHERE id = $1', [id, status]);

describe('the topic cache', () => {
  const cacheOf = (signals = new CatalogSignals(), sql = parts.sql) => {
    const clock = { ms: 0 };
    return { signals, clock, cache: new TopicCache(sql, signals, silentLogger, () => clock.ms) };
  };

  it('answers at once what it remembers, and forgets it at a signal', async () => {
    const { id, name } = await named();
    const { cache, signals } = cacheOf();
    expect(await cache.find(TENANT_ID, name)).toMatchObject({ id, status: 'active', partitionCount: 1 });
    expect(cache.find(TENANT_ID, name)).not.toBeInstanceOf(Promise);
    await change(id, 'paused');
    expect(cache.find(TENANT_ID, name)).toMatchObject({ status: 'active' });
    signals.heard({ kind: 'subscription', id });
    expect(cache.find(TENANT_ID, name)).toMatchObject({ status: 'active' });
    signals.heard({ kind: 'topic', id });
    expect(await cache.find(TENANT_ID, name)).toMatchObject({ status: 'paused' });
  });

  it('without a signal learns of a change after two seconds, without letting anybody wait', async () => {
    const { id, name } = await named();
    const { cache, clock } = cacheOf();
    await cache.find(TENANT_ID, name);
    await change(id, 'paused');
    clock.ms += 2_100;
    expect(cache.find(TENANT_ID, name)).toMatchObject({ status: 'active' });
    await waitFor(() => (cache.find(TENANT_ID, name) as { status?: string }).status === 'paused', { what: 'the change' });
  });

  it('keeps what did not change, so that a schema is compiled once', async () => {
    const { id, name } = await named();
    await parts.sql.execute(`UPDATE broker.message_topics SET schema_definition = '{"type":"string"}' WHERE id = $1`, [id]);
    const { cache, clock } = cacheOf();
    const first = await cache.find(TENANT_ID, name);
    expect([first!.validate!('x'), first!.validate!(1)]).toEqual([true, false]);
    clock.ms += 61_000;
    expect(await cache.find(TENANT_ID, name)).toBe(first);
  });

  it('remembers for a second that there is none, and hears when it is made', async () => {
    const { cache, clock, signals } = cacheOf();
    expect(await cache.find(TENANT_ID, 'later')).toBeUndefined();
    const id = await parts.catalog.topic(TENANT_ID, 'later', [{ next: 1 }]);
    expect(cache.find(TENANT_ID, 'later')).toBeUndefined();
    clock.ms += 1_100;
    expect(await cache.find(TENANT_ID, 'later')).toMatchObject({ id });
    expect(await cache.find(TENANT_ID, 'now')).toBeUndefined();
    const now = await parts.catalog.topic(TENANT_ID, 'now', [{ next: 1 }]);
    signals.changed({ kind: 'topic', id: now });
    expect(await cache.find(TENANT_ID, 'now')).toMatchObject({ id: now });
  });

  it('while Postgres is away goes on for a minute with what it knows, and knows nothing new', async () => {
    const { name } = await named();
    const sql = openSql({ url: parts.databaseUrl, logger: silentLogger });
    const { cache, clock } = cacheOf(new CatalogSignals(), sql);
    await cache.find(TENANT_ID, name);
    await sql.end();
    clock.ms += 30_000;
    expect(cache.find(TENANT_ID, name)).toMatchObject({ name });
    expect(cache.find(TENANT_ID, name)).toMatchObject({ name });
    await expect(cache.find(TENANT_ID, 'unknown')).rejects.toThrow();
    clock.ms += 31_000;
    await expect(cache.find(TENANT_ID, name)).rejects.toThrow();
  });
});
