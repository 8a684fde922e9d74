import type { EncodedEvent } from '@angarium/contracts';
import { silentLogger } from '@angarium/observability';
import { createTestDatabase, startPostgres, stopAfterTests, waitFor, type TestDatabase } from '@angarium/testing';
import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import pg from 'pg';
import { withDatabase } from './connection-string.js';
import { addToOutbox, checkDatabase, createDatabase, databaseHealth, DatabaseModule, InjectDatabase, isUniqueViolation, OutboxRelay, publishThrough, type Database } from './index.js';
import { someEvent } from './testing/some-event.js';

stopAfterTests();
let postgres: Awaited<ReturnType<typeof startPostgres>>;
let test: TestDatabase;
let db: Database<'accounts'>;
const options = { poolSize: 4, timeoutMs: 1_000, logger: silentLogger };

beforeAll(async () => {
  postgres = await startPostgres();
});
beforeEach(async () => {
  test = await createTestDatabase(postgres);
  db = createDatabase('accounts', { ...options, url: test.url });
});
afterEach(async () => {
  await db.$disconnect();
  await test.drop();
});

const ada = (changes: object = {}) => ({ data: { email: 'Ada@example.com', emailKey: 'ada@example.com', username: 'ada', passwordHash: 'x', ...changes } });
const failureOf = (work: PromiseLike<unknown>) => work.then(() => undefined, (error: unknown) => error);

describe('the database of one owner', () => {
  it('stores and finds its models', async () => {
    const { id } = await db.user.create(ada());
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    expect(await db.user.findUnique({ where: { emailKey: 'ada@example.com' } })).toMatchObject({ id, email: 'Ada@example.com' });
  });

  it('does all of a transaction or nothing, and lets out what the work throws as it is', async () => {
    const soup = new Error('no soup');
    const failed = db.$transaction(async (tx) => {
      await tx.user.create(ada());
      throw soup;
    });
    await expect(failed).rejects.toBe(soup);
    expect(await db.user.count()).toBe(0);
  });

  it('tells which unique value is taken, in a model call, in raw SQL and inside a transaction', async () => {
    await db.user.create(ada());
    const byModel = await failureOf(db.user.create(ada({ username: 'eve' })));
    expect(isUniqueViolation(byModel)).toBe(true);
    expect(isUniqueViolation(byModel, 'users_email_key_key')).toBe(true);
    expect(isUniqueViolation(byModel, 'emailKey')).toBe(true);
    expect(isUniqueViolation(byModel, 'username')).toBe(false);
    const bySql = await failureOf(
      db.$executeRaw`INSERT INTO accounts.users (id, email, email_key, username, password_hash) VALUES (gen_random_uuid(), 'e', 'e', 'ada', 'x')`,
    );
    expect(isUniqueViolation(bySql, 'username')).toBe(true);
    const inside = await failureOf(db.$transaction((tx) => tx.user.create(ada())));
    expect(isUniqueViolation(inside, 'email_key')).toBe(true);
    expect(isUniqueViolation(new Error('23505'))).toBe(false);
  });

  it('tells of a unique pair of fields', async () => {
    const email = createDatabase('email', { ...options, url: test.url });
    const order = { data: { tenant: 'system', idempotencyKey: 'k', messageId: '<m@x>' } };
    await email.emailDelivery.create(order);
    const again = await failureOf(email.emailDelivery.create(order));
    expect(isUniqueViolation(again, 'tenant', 'idempotencyKey')).toBe(true);
    expect(isUniqueViolation(again, 'idempotencyKey')).toBe(false);
    await email.$disconnect();
  });

  it('keeps points in time, whatever zone the server is set to', async () => {
    await db.$executeRaw`SELECT 1`;
    const admin = new pg.Client(test.url);
    await admin.connect();
    await admin.query(`ALTER DATABASE ${new URL(test.url).pathname.slice(1)} SET timezone TO 'Asia/Tokyo'`);
    await admin.end();
    await db.$disconnect();
    const elsewhere = createDatabase('accounts', { ...options, url: test.url });
    const createdAt = new Date('2026-03-01T12:00:00.123Z');
    await elsewhere.user.create(ada({ createdAt }));
    expect(await elsewhere.user.findFirst()).toMatchObject({ createdAt });
    const [{ ms }] = await elsewhere.$queryRaw<[{ ms: number }]>`SELECT (extract(epoch FROM created_at) * 1000)::float8 AS ms FROM accounts.users`;
    expect(ms).toBe(createdAt.getTime());
    await elsewhere.$disconnect();
  });

  it('is busy, not away, when a statement or a transaction takes too long, and undoes it', async () => {
    await expect(db.$queryRaw`SELECT 1 FROM pg_sleep(2)`).rejects.toMatchObject({ code: 'DATABASE_BUSY', retry: 'later', status: 503 });
    const slow = db.$transaction(
      async (tx) => {
        await tx.user.create(ada());
        await tx.$queryRaw`SELECT 1 FROM pg_sleep(0.4)`;
        await tx.user.count();
      },
      { timeout: 300 },
    );
    await expect(slow).rejects.toMatchObject({ code: 'DATABASE_BUSY' });
    expect(await db.user.count()).toBe(0);
  });

  it('is busy when two transactions wait for each other', async () => {
    await db.user.createMany({ data: [ada().data, ada({ emailKey: 'e', username: 'eve' }).data] });
    const lock = (first: string, second: string) =>
      db.$transaction(
        async (tx) => {
          await tx.user.updateMany({ where: { username: first }, data: { passwordHash: 'y' } });
          await tx.$queryRaw`SELECT 1 FROM pg_sleep(0.1)`;
          await tx.user.updateMany({ where: { username: second }, data: { passwordHash: 'y' } });
        },
        { timeout: 5_000 },
      );
    const outcomes = await Promise.allSettled([lock('ada', 'eve'), lock('eve', 'ada')]);
    const reasons = outcomes.flatMap((it) => (it.status === 'rejected' ? [it.reason as unknown] : []));
    expect(reasons).not.toEqual([]);
    for (const reason of reasons) expect(reason).toMatchObject({ code: 'DATABASE_BUSY' });
  });

  it('is away when no connection comes free in time, for a statement and for a transaction', async () => {
    const narrow = createDatabase('accounts', { ...options, poolSize: 1, timeoutMs: 200, url: test.url });
    const gate = { enter: () => {}, leave: () => {} };
    const entered = new Promise<void>((resolve) => (gate.enter = resolve));
    const left = new Promise<void>((resolve) => (gate.leave = resolve));
    const held = narrow.$transaction((tx) => tx.user.count().then(gate.enter).then(() => left), { timeout: 5_000 });
    await entered;
    const outcomes = await Promise.allSettled([narrow.user.count(), narrow.$transaction((tx) => tx.user.count())]);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: { code: 'DATABASE_UNAVAILABLE', retry: 'when-available' } });
    gate.leave();
    await held;
    expect(await narrow.user.count()).toBe(0);
    await narrow.$disconnect();
  });

  it('leaves faults of the caller as they are', async () => {
    await expect(db.user.create({ data: { soup: 1 } } as never)).rejects.toMatchObject({ name: 'PrismaClientValidationError' });
    await expect(db.$queryRaw`SELECT soup`).rejects.toMatchObject({ code: 'P2010' });
  });
});

describe('the health of the database', () => {
  it('is a round trip in milliseconds', async () => {
    const { latencyMs } = await checkDatabase(db);
    expect(latencyMs).toBeGreaterThan(0);
    expect(await databaseHealth(db).check()).toHaveProperty('latencyMs');
  });

  it('is not there without the migrations, and says how to apply them', async () => {
    const bare = createDatabase('accounts', { ...options, url: withDatabase(test.url, 'template1') });
    await expect(checkDatabase(bare)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE', message: expect.stringContaining('npm run migrate -- deploy') as string });
    await bare.$disconnect();
  });
});

describe('the database module', () => {
  class Publisher {
    readonly published: EncodedEvent[] = [];
    publish(events: readonly EncodedEvent[]): Promise<number> {
      return Promise.resolve(this.published.push(...events));
    }
  }
  @Injectable()
  class Kitchen {
    constructor(
      @InjectDatabase() readonly database: Database<'accounts'>,
      readonly relay: OutboxRelay,
    ) {}
  }
  @Module({ providers: [Publisher], exports: [Publisher] })
  class PublisherModule {}

  it('gives services their database and a running relay, and closes both with the application', async () => {
    const outbox = publishThrough(Publisher, (publisher, events) => publisher.publish(events), { sweepMs: 10 });
    const database = DatabaseModule.forRoot({ ...options, timeoutMs: 10_000, applicationName: 'kitchen', owner: 'accounts', url: test.url, outbox });
    const app = await Test.createTestingModule({ imports: [{ ...database, imports: [PublisherModule] }], providers: [Kitchen] }).compile();
    await app.init();
    const { database: injected, relay } = app.get(Kitchen);
    await injected.$transaction((tx) => addToOutbox(tx, someEvent('ada')));
    relay.kick();
    await waitFor(() => app.get(Publisher).published.length === 1, { what: 'the event to be published' });
    const connections = () => db.$queryRaw<unknown[]>`SELECT 1 FROM pg_stat_activity WHERE application_name = 'kitchen'`;
    expect(await connections()).not.toEqual([]);
    await app.close();
    await waitFor(async () => (await connections()).length === 0, { what: 'the connections to end', timeoutMs: 2_000 });
  });
});
