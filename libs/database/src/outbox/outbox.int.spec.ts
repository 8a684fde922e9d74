import type { EncodedEvent } from '@angarium/contracts';
import { defineErrors } from '@angarium/errors';
import { silentLogger } from '@angarium/observability';
import { createTestDatabase, startPostgres, stopAfterTests, waitFor, type TestDatabase } from '@angarium/testing';
import { addToOutbox, createDatabase, OutboxRelay, type Database, type OutboxRelayOptions } from '../index.js';
import { nameOf, someEvent } from '../testing/some-event.js';

stopAfterTests();
let postgres: Awaited<ReturnType<typeof startPostgres>>;
let test: TestDatabase;
let db: Database<'accounts'>;
let published: EncodedEvent[];
const relays: OutboxRelay[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
});
beforeEach(async () => {
  test = await createTestDatabase(postgres);
  db = createDatabase('accounts', { poolSize: 6, timeoutMs: 2_000, logger: silentLogger, url: test.url });
  published = [];
});
afterEach(async () => {
  await Promise.all(relays.splice(0).map((it) => it.stop()));
  await db.$disconnect();
  await test.drop();
});

const hour = 3_600_000;
const publish: OutboxRelayOptions['publish'] = (events) => Promise.resolve(published.push(...events));
const relayOf = (options: Partial<OutboxRelayOptions> = {}, from: Database<'accounts'> = db) => {
  const relay = new OutboxRelay(from, { publish, logger: silentLogger, sweepMs: hour, ...options });
  relays.push(relay);
  return relay;
};
const add = (...events: EncodedEvent[]) => db.$transaction((tx) => addToOutbox(tx, ...events));
const addNamed = (...names: string[]) => add(...names.map((it) => someEvent(it)));
const waitingCount = async () => {
  const [{ count }] = await db.$queryRaw<[{ count: number }]>`SELECT count(*)::int AS count FROM accounts.outbox_events`;
  return count;
};
const isEmpty = async () => (await waitingCount()) === 0;
const user = (name: string) => ({ data: { email: name, emailKey: name, username: name, passwordHash: 'x' } });
const Refused = defineErrors({
  SOUP_REFUSED: { status: 422, blame: 'us', retry: 'never', summary: 'No soup.', cure: 'None.' },
  SOUP_LATE: { status: 503, blame: 'us', retry: 'when-available', summary: 'No soup yet.', cure: 'Wait.' },
});

describe('adding to the outbox', () => {
  it('an event is there when its change is committed, and not there when the change is undone', async () => {
    await db.$transaction(async (tx) => {
      await tx.user.create(user('ada'));
      await addToOutbox(tx, someEvent('ada'));
      expect(await waitingCount()).toBe(0);
    });
    const undone = db.$transaction(async (tx) => {
      await addToOutbox(tx, someEvent('eve'));
      await tx.user.create(user('ada')); // taken
    });
    await expect(undone).rejects.toMatchObject({ code: 'P2002' });
    expect([await db.user.count(), await waitingCount()]).toEqual([1, 1]);
  });

  it('an event comes out as it went in, with attributes and data byte for byte', async () => {
    const event = { ...someEvent('ada'), data: '{"b":1,"a":" \\u0000 ‮ ñ 🍲 ","a":2}' };
    await add(event);
    await relayOf().relayOnce();
    expect(published).toEqual([event]);
  });

  it('an event that waits already is not added again', async () => {
    const event = someEvent('ada');
    await add(event, someEvent('eve'));
    await add(event);
    expect(await relayOf().relayOnce()).toBe(2);
  });

  it('takes nothing outside of a transaction', () => {
    // @ts-expect-error the database itself: the event could be there without its change
    const wrong = () => addToOutbox(db, someEvent('ada'));
    expect(wrong).toBeInstanceOf(Function);
  });

  it('each owner has an outbox of its own', async () => {
    const email = createDatabase('email', { logger: silentLogger, url: test.url });
    await email.$transaction((tx) => addToOutbox(tx, someEvent('mail')));
    expect(await relayOf().relayOnce()).toBe(0);
    const relay = new OutboxRelay(email, { publish, logger: silentLogger });
    expect(await relay.relayOnce()).toBe(1);
    await email.$disconnect();
  });
});

describe('relaying', () => {
  it('publishes in the order of writing, in batches, and leaves nothing behind', async () => {
    const names = Array.from({ length: 25 }, (_, n) => `${n}`);
    for (const name of names) await addNamed(name);
    const counts: number[] = [];
    relayOf({ batchSize: 10, onRelayed: (count, oldestAgeMs) => counts.push(count, Number(oldestAgeMs > 0)) }).start();
    await waitFor(isEmpty, { what: 'the outbox to be empty' });
    expect(published.map(nameOf)).toEqual(names);
    expect(counts).toEqual([10, 1, 10, 1, 5, 1]);
  });

  it('starts at once after a kick, however many there are, and never has two passes at a time', async () => {
    let [running, most] = [0, 0];
    const careful: typeof publish = async (events) => {
      most = Math.max(most, ++running);
      await db.$queryRaw`SELECT 1 FROM pg_sleep(0.005)`;
      published.push(...events);
      running--;
    };
    const relay = relayOf({ publish: careful });
    relay.start();
    const names = Array.from({ length: 60 }, (_, n) => `${n}`);
    await Promise.all(names.map((name) => addNamed(name).then(() => [relay.kick(), relay.kick()])));
    await waitFor(() => published.length === 60, { what: 'all to be published', timeoutMs: 5_000 });
    expect([most, new Set(published.map(nameOf)).size]).toEqual([1, 60]);
  });

  it('sweeps up what nobody kicked for: a replica may die after its commit', async () => {
    const relay = relayOf({ sweepMs: 20 });
    relay.start();
    await relay.relayOnce();
    await addNamed('left behind');
    await waitFor(() => published.length === 1, { what: 'the sweep' });
  });

  it('publishes again under the same id when a relay dies between publishing and its commit', async () => {
    await addNamed('a', 'b');
    const dying = relayOf({
      publish: async (events) => {
        published.push(...events);
        await db.$queryRaw`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction' AND pid <> pg_backend_pid()`;
      },
    });
    await expect(dying.relayOnce()).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    await waitFor(async () => (await waitingCount()) === 2, { what: 'the two to be in the outbox again' });
    expect(await relayOf().relayOnce()).toBe(2);
    expect(published.map(nameOf)).toEqual(['a', 'b', 'a', 'b']);
    expect(new Set(published.map((it) => it.attributes.id)).size).toBe(2);
  });

  it('two relays publish each event once, never at the same time, and in order', async () => {
    const names = Array.from({ length: 300 }, (_, n) => `${n}`);
    const other = createDatabase('accounts', { poolSize: 2, logger: silentLogger, url: test.url });
    let [running, most] = [0, 0];
    const by = new Map<string, number>();
    const careful =
      (who: string): typeof publish =>
      async (events) => {
        most = Math.max(most, ++running);
        await db.$queryRaw`SELECT 1 FROM pg_sleep(0.002)`;
        published.push(...events);
        by.set(who, (by.get(who) ?? 0) + 1);
        running--;
      };
    const pair = [relayOf({ publish: careful('one'), batchSize: 7 }), relayOf({ publish: careful('two'), batchSize: 7 }, other)];
    for (const relay of pair) relay.start();
    for (const name of names) {
      await addNamed(name);
      for (const relay of pair) relay.kick();
    }
    await waitFor(isEmpty, { what: 'the outbox to be empty' });
    await Promise.all(pair.map((it) => it.stop()));
    await other.$disconnect();
    expect(published.map(nameOf)).toEqual(names);
    expect(most).toBe(1);
    expect([...by.keys()].sort()).toEqual(['one', 'two']);
  });

  it('ends the pass that runs when it is stopped, and begins no other', async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    const relay = relayOf({ publish: (events, signal) => gate.then(() => publish(events, signal)), sweepMs: 1 });
    await addNamed('a');
    relay.start();
    await waitFor(() => db.$queryRaw<unknown[]>`SELECT 1 FROM pg_stat_activity WHERE state = 'idle in transaction'`.then((it) => it.length > 0), { what: 'the pass to publish' });
    let isStopped = false;
    const stopped = relay.stop().then(() => (isStopped = true));
    expect(await waitingCount()).toBe(1);
    expect(isStopped).toBe(false);
    release();
    await stopped;
    expect([published.map(nameOf), await waitingCount()]).toEqual([['a'], 0]);
    await addNamed('b');
    relay.kick();
    await relay.stop();
    expect([published.length, await waitingCount()]).toEqual([1, 1]);
  });
});

describe('when events cannot be published', () => {
  it('they stay, the pauses grow whatever is kicked, and all flows when it works again', async () => {
    let isAway = true;
    let attempts = 0;
    const relay = relayOf({
      publish: async (events, signal) => {
        attempts++;
        if (isAway) throw Refused.SOUP_LATE();
        await publish(events, signal);
      },
      backoffMaxMs: 200,
      random: () => 1,
    });
    await addNamed('a', 'b');
    relay.start();
    const began = performance.now();
    while (performance.now() - began < 500) {
      relay.kick();
      await new Promise((resolve) => setImmediate(resolve));
    }
    // 0, 50, 150, 350, 550 ms
    expect(attempts).toBeLessThanOrEqual(5);
    expect(attempts).toBeGreaterThanOrEqual(2);
    expect(await waitingCount()).toBe(2);
    isAway = false;
    await waitFor(isEmpty, { what: 'the outbox to be empty', timeoutMs: 2_000 });
    expect(published.map(nameOf)).toEqual(['a', 'b']);
  });

  it('a publish that never ends is given up, told so by its signal, and its rows are free for others', async () => {
    await addNamed('a');
    let given: AbortSignal | undefined;
    const hanging = relayOf({
      publish: (_events, signal) => {
        given = signal;
        return new Promise(() => {});
      },
      publishTimeoutMs: 50,
    });
    await expect(hanging.relayOnce()).rejects.toMatchObject({ code: 'OUTBOX_PUBLISH_TIMEOUT' });
    expect(given?.aborted).toBe(true);
    expect(await relayOf().relayOnce()).toBe(1);
  });

  it('one that can never be published is set aside with its reason; those before and behind it are published', async () => {
    const names = Array.from({ length: 30 }, (_, n) => (n === 17 ? 'poison' : `${n}`));
    await addNamed(...names);
    const relay = relayOf({
      publish: async (events, signal) => {
        if (events.some((it) => nameOf(it) === 'poison')) throw Refused.SOUP_REFUSED();
        await publish(events, signal);
      },
    });
    relay.start();
    await waitFor(() => published.length === 29, { what: 'the others to be published', timeoutMs: 5_000 });
    expect(published.map(nameOf)).toEqual(names.filter((it) => it !== 'poison'));
    const aside = await db.$queryRaw`SELECT data, refused_reason FROM accounts.outbox_events WHERE refused_at IS NOT NULL`;
    expect(aside).toEqual([{ data: '{"name":"poison"}', refused_reason: expect.stringContaining('SOUP_REFUSED') as string }]);
  });
});
