import { silentLogger } from '@angarium/observability';
import { stopAfterTests, waitFor } from '@angarium/testing';
import { createAddresses } from '@angarium/contracts';
import { startRedis, type RunningServer } from '@angarium/testing';
import { Redis } from 'ioredis';
import { CatalogSignals, type CatalogChange } from '../catalog/catalog-signals.js';
import type { PartitionId } from './partition-streams.js';
import { ReplicaSignals } from './replica-signals.js';

let server: RunningServer;
let admin: Redis;
const addresses = createAddresses('signals');
const replicas: { signals: ReplicaSignals }[] = [];
beforeAll(async () => {
  server = await startRedis();
  admin = new Redis(server.url);
});
afterEach(() => Promise.all(replicas.splice(0).map(({ signals }) => signals.close())));
afterAll(() => admin.disconnect());
stopAfterTests(); // below, as it stops Redis

async function replica(instance: string) {
  const catalog = new CatalogSignals();
  const changes: CatalogChange[] = [];
  const appended: PartitionId[] = [];
  catalog.onChange((it) => changes.push(it));
  const signals = new ReplicaSignals({ redisUrl: server.url, addresses, instance, signals: catalog, logger: silentLogger, onAppended: (at) => appended.push(at) });
  replicas.push({ signals });
  const count = replicas.length;
  await waitFor(async () => ((await admin.pubsub('NUMSUB', addresses.mqKey('appended'))) as [string, number])[1] === count, { what: 'it to listen' });
  return { catalog, changes, appended, signals };
}

describe('what replicas tell each other', () => {
  it('a change of the catalogue is heard by the others, and once by the one that made it', async () => {
    const [one, other] = [await replica('one'), await replica('other')];
    const change = { kind: 'topic', id: 't-1' } as const;
    one.catalog.changed(change);
    await waitFor(() => other.changes.length > 0, { what: 'the change' });
    expect([one.changes, other.changes]).toEqual([[change], [change]]);
  });

  it('new messages of a partition are told once for many appends, and not to oneself', async () => {
    const [one, other] = [await replica('one'), await replica('other')];
    for (let n = 0; n < 100; n++) one.signals.tellAppended({ topicId: 't-1', partition: n % 2 });
    await waitFor(() => other.appended.length >= 2, { what: 'the signal' });
    one.signals.tellAppended({ topicId: 't-2', partition: 0 });
    await waitFor(() => other.appended.some(({ topicId }) => topicId === 't-2'), { what: 'the next signal' });
    expect(other.appended).toEqual([{ topicId: 't-1', partition: 0 }, { topicId: 't-1', partition: 1 }, { topicId: 't-2', partition: 0 }]);
    expect(one.appended).toEqual([]);
  });

  it('nonsense in the channel harms nobody', async () => {
    const [one, other] = [await replica('one'), await replica('other')];
    await admin.publish(addresses.mqKey('appended'), 'nonsense');
    one.catalog.changed({ kind: 'subscription', id: 's' });
    await waitFor(() => other.changes.length === 1, { what: 'what comes after it' });
  });
});
