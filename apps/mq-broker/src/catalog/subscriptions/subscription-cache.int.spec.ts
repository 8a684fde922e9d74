import { silentLogger } from '@angarium/observability';
import { stopAfterTests, waitFor } from '@angarium/testing';
import { makeParts, TENANT_ID, type Parts } from '../../testing/flow-bench/make-parts.js';
import { CatalogSignals } from '../catalog-signals.js';
import { SubscriptionCache } from './subscription-cache.js';
import type { Subscription } from './subscription.js';

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

describe('the subscription cache', () => {
  const cacheOf = (signals = new CatalogSignals()) => {
    const cache = new SubscriptionCache(parts.sql, signals, silentLogger);
    const heard: Subscription[] = [];
    const gone: string[] = [];
    cache.onChange((it) => heard.push(it));
    cache.onGone(({ id }) => gone.push(id));
    return { cache, signals, heard, gone };
  };
  const touch = (id: string, columns: string) => parts.sql.execute(`UPDATE broker.message_subscriptions SET ${columns}, updated_at = now() WHERE id = $1`, [id]);

  it('knows every subscription by id and by topic, and reads again what changed', async () => {
    const { id: topicId, name } = await named();
    const id = await parts.subscription(topicId, [0]);
    const { cache, heard } = cacheOf();
    await cache.lookOnce();
    expect(cache.get(id)).toMatchObject({ id, topicId, topicName: name, tenantId: TENANT_ID, status: 'active', destination: { type: 'pull' }, topicDurability: 'commit' });
    expect([...cache.ofTopic(topicId)].map((it) => it.id)).toEqual([id]);
    expect([...cache.all()].map((it) => it.id)).toContain(id);
    await touch(id, `status = 'paused', max_in_flight = 7`);
    await cache.lookOnce();
    expect(cache.get(id)).toMatchObject({ status: 'paused', maxInFlight: 7 });
    expect(heard.at(-1)).toMatchObject({ id, status: 'paused' });
    // a change of the topic concerns its subscriptions
    await parts.sql.execute('UPDATE broker.message_topics SET partition_count = 3, updated_at = now() WHERE id = $1', [topicId]);
    await cache.lookOnce();
    expect(cache.get(id)!.partitionCount).toBe(3);
  });

  it('hears of a change at once by signal, and finds one that was made a moment ago by asking', async () => {
    const { id: topicId } = await named();
    const { cache, signals, gone } = cacheOf();
    const id = await parts.subscription(topicId, [0]);
    expect(cache.get(id)).toBeUndefined();
    expect(await cache.find(id)).toMatchObject({ id });
    await touch(id, `status = 'disabled'`);
    signals.changed({ kind: 'subscription', id });
    await waitFor(() => cache.get(id)?.status === 'disabled', { what: 'the change' });
    await parts.sql.execute('DELETE FROM broker.message_subscriptions WHERE id = $1', [id]);
    signals.changed({ kind: 'subscription', id });
    await waitFor(() => gone.includes(id), { what: 'the end' });
    expect([cache.get(id), await cache.find(id), [...cache.ofTopic(topicId)]]).toEqual([undefined, undefined, []]);
  });

  it('finds by itself, sooner or later, what was deleted without a signal', async () => {
    const { id: topicId } = await named();
    const id = await parts.subscription(topicId, [0]);
    const { cache, gone } = cacheOf();
    await cache.lookOnce();
    await parts.sql.execute('DELETE FROM broker.message_subscriptions WHERE id = $1', [id]);
    for (let passes = 0; passes < 15; passes++) await cache.lookOnce();
    expect(gone).toEqual([id]);
  });

  it('whose filter cannot be read any more delivers everything rather than losing something', async () => {
    const { id: topicId } = await named();
    const [good, bad] = [await parts.subscription(topicId, [0]), await parts.subscription(topicId, [0])];
    await touch(good, `message_filter = '{"type":"a"}'`);
    await touch(bad, `message_filter = '{"payload.n":{"$unheard":1}}'`);
    const { cache } = cacheOf();
    await cache.lookOnce();
    const message = { type: 'b', key: null, headers: {}, payload: () => ({}) };
    expect(cache.get(good)!.matches!(message)).toBe(false);
    expect(cache.get(bad)!.matches).toBeUndefined();
  });

  it('runs by itself, and looks at once when a topic changed', async () => {
    const { id: topicId } = await named();
    const signals = new CatalogSignals();
    const cache = new SubscriptionCache(parts.sql, signals, silentLogger, 3_600_000);
    cache.start();
    await waitFor(() => [...cache.all()].length > 0, { what: 'the first look' });
    const id = await parts.subscription(topicId, [0]);
    signals.changed({ kind: 'topic', id: topicId });
    await waitFor(() => cache.get(id) !== undefined, { what: 'the second' });
    await cache.stop();
  });
});
