import { openSql, type Sql } from '@angarium/database';
import { silentLogger } from '@angarium/observability';
import { createTestDatabase, startPostgres, stopAfterTests, type TestDatabase } from '@angarium/testing';
import { randomUUID } from 'node:crypto';
import { makeCatalog } from '../testing/make-catalog.js';
import { lagOf, readConsumers, readConsumersOf, readOwed, readSlowest } from './consumer-figures.repository.js';

stopAfterTests();
let postgres: Awaited<ReturnType<typeof startPostgres>>;
let database: TestDatabase;
let sql: Sql;
let make: ReturnType<typeof makeCatalog>;
beforeAll(async () => {
  postgres = await startPostgres();
});
beforeEach(async () => {
  database = await createTestDatabase(postgres);
  sql = openSql({ url: database.url, logger: silentLogger, poolSize: 2 });
  // whoever read the records to count would fail here
  await sql.query('DROP TABLE broker.message_records');
  make = makeCatalog(sql);
});
afterEach(async () => {
  await sql.end();
  await database.drop();
});

const tenant = randomUUID();
const page = { tenantId: tenant, limit: 50 };
const only = async () => (await readConsumers(sql, page))[0]!;

describe('the figures of a subscription', () => {
  it('take what it lies behind from its cursors, partition by partition', async () => {
    const topic = await make.topic(tenant, 'orders', [{ next: 101 }, { next: 11 }, { next: 1 }]);
    await make.subscription(tenant, topic, [40, 10, 0]);
    expect(await only()).toMatchObject({ behind: 60, lanes: [{ topicId: topic, partition: 0, settledOffset: 40, behind: 60 }] });
  });

  it('count nothing that was purged, and everything in a partition that it never read', async () => {
    const topic = await make.topic(tenant, 'orders', [{ next: 101, first: 91 }, { next: 8 }]);
    await make.subscription(tenant, topic, [40, undefined]);
    expect(await only()).toMatchObject({
      behind: 17,
      lanes: [
        { partition: 0, settledOffset: 90, behind: 10 },
        { partition: 1, settledOffset: 0, behind: 7 },
      ],
    });
  });

  it('of an ordered one follow its feed and not a cursor that runs ahead of it', async () => {
    const topic = await make.topic(tenant, 'orders', [{ next: 101 }]);
    const id = await make.subscription(tenant, topic, [100], { isOrdered: true });
    await make.feed(id, 'order', 71, null);
    await make.deliveries(id, 'waiting', 66, 70);
    const figures = await only();
    expect(figures).toMatchObject({ behind: 30, waiting: 5 });
    expect(lagOf(figures)).toBe(35);
  });

  it('count what a replay has not turned into deliveries yet', async () => {
    const topic = await make.topic(tenant, 'orders', [{ next: 101 }]);
    const id = await make.subscription(tenant, topic, [100]);
    await make.feed(id, 'replay', 21, 30);
    await make.feed(id, 'replay', 31, 30);
    const figures = await only();
    expect(figures).toMatchObject({ behind: 10, lanes: [] });
    expect(Date.now() - figures.oldestRowAt!).toBeLessThan(60_000);
  });

  it('count rows by status, and find the oldest message among those that are put off the longest', async () => {
    const topic = await make.topic(tenant, 'orders', [{ next: 1_001 }]);
    const id = await make.subscription(tenant, topic, [1_000]);
    const old = new Date(Date.now() - 3_600_000);
    await make.deliveries(id, 'waiting', 1, 299);
    await make.deliveries(id, 'waiting', 300, 300, old);
    await make.deliveries(id, 'in_flight', 400, 402);
    await make.deliveries(id, 'dead', 500, 503);
    await make.deliveries(id, 'delivered', 600, 700, new Date(0));
    expect(await only()).toMatchObject({ behind: 0, waiting: 300, inFlight: 3, dead: 4, oldestRowAt: old.getTime() });
  });

  it('stop counting rows at ten thousand', async () => {
    const topic = await make.topic(tenant, 'orders', [{ next: 20_001 }]);
    const id = await make.subscription(tenant, topic, [20_000]);
    await make.deliveries(id, 'waiting', 1, 12_000);
    expect(await only()).toMatchObject({ waiting: 10_000 });
  });
});

describe('figures of many subscriptions', () => {
  it('show a tenant its own, also those to topics of others, page by page', async () => {
    const theirs = await make.topic(randomUUID(), 'public', [{ next: 1 }]);
    const mine = await make.topic(tenant, 'orders', [{ next: 1 }]);
    await make.subscription(randomUUID(), mine, [0]);
    const ids = [await make.subscription(tenant, mine, [0]), await make.subscription(tenant, mine, [0])].sort();
    ids.push(await make.subscription(tenant, theirs, [0]));
    const first = await readConsumers(sql, { ...page, limit: 2 });
    const rest = await readConsumers(sql, { ...page, limit: 1, after: [first[1]!.topic, first[1]!.id] });
    expect([...first, ...rest].map(({ id }) => id)).toEqual(ids);
    expect(await readConsumers(sql, { ...page, topic: 'public' })).toHaveLength(1);
    expect(await readConsumersOf(sql, [mine])).toHaveLength(3);
  });

  it('name the slowest first, whatever they owe: messages, feeds or rows; and leave out those that owe nothing', async () => {
    const topic = await make.topic(tenant, 'orders', [{ next: 101 }]);
    const settled = await make.subscription(tenant, topic, [100]);
    const behind = await make.subscription(tenant, topic, [50]);
    const retrying = await make.subscription(tenant, topic, [100]);
    const replaying = await make.subscription(tenant, topic, [100]);
    await make.deliveries(retrying, 'waiting', 1, 60);
    await make.feed(replaying, 'replay', 1, 70);
    expect((await readSlowest(sql, 10)).map(({ id }) => id)).toEqual([replaying, retrying, behind]);
    expect((await readSlowest(sql, 1)).map(({ id }) => id)).toEqual([replaying]);
    expect(settled).not.toBe(behind);
  });

  it('are read without going through the ledger, also when one subscription has nearly all of it', async () => {
    const topic = await make.topic(tenant, 'orders', [{ next: 30_001 }]);
    const [busy] = await Promise.all(Array.from({ length: 30 }, () => make.subscription(tenant, topic, [30_000])));
    await make.deliveries(busy!, 'waiting', 1, 30_000);
    await sql.query('ANALYZE broker.deliveries');
    await sql.transaction(async (tx) => {
      expect(await readSlowest(tx, 10)).toHaveLength(1);
      expect(await readConsumers(tx, page)).toHaveLength(30);
      expect(await readConsumersOf(tx, [topic])).toHaveLength(30);
      expect(await readOwed(tx, null)).toMatchObject({ rows: 10_000 });
      // those of this transaction
      expect(await tx.query("SELECT seq_scan::int FROM pg_stat_xact_user_tables WHERE relname = 'deliveries'")).toEqual([{ seq_scan: 0 }]);
    });
  });

  it('add up for one tenant or for all', async () => {
    const topic = await make.topic(tenant, 'orders', [{ next: 101 }, { next: 11 }]);
    const one = await make.subscription(tenant, topic, [90, 0]);
    await make.subscription(randomUUID(), topic, [0, 10]);
    await make.deliveries(one, 'waiting', 1, 4);
    await make.deliveries(one, 'in_flight', 5, 6);
    await make.deliveries(one, 'dead', 7, 9);
    expect(await readOwed(sql, tenant)).toMatchObject({ behind: 20, rows: 6, lanes: [{ subscriptionId: one, behind: 10 }, { subscriptionId: one, behind: 10 }] });
    expect(await readOwed(sql, null)).toMatchObject({ behind: 120, rows: 6, lanes: { length: 3, 0: { behind: 100 } } });
    expect(await readOwed(sql, randomUUID())).toEqual({ behind: 0, rows: 0, lanes: [] });
  });
});
