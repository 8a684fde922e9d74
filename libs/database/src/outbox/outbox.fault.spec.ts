import type { EncodedEvent } from '@angarium/contracts';
import { silentLogger } from '@angarium/observability';
import { createTestDatabase, startPostgres, stopAfterTests, waitFor } from '@angarium/testing';
import { addToOutbox, createDatabase, OutboxRelay } from '../index.js';
import { nameOf, someEvent } from '../testing/some-event.js';

stopAfterTests();

describe('PostgreSQL is killed and restarted under writers and relays', () => {
  it('every change has its event and every event its change, and nobody restarts anything', async () => {
    const postgres = await startPostgres({ fsync: true }); // without it a killed server forgets commits
    const test = await createTestDatabase(postgres);
    const replicas = [1, 2].map(() => createDatabase('accounts', { poolSize: 4, timeoutMs: 2_000, logger: silentLogger, url: test.url }));
    const published = new Set<string>();
    const relays = replicas.map((db) => {
      const publish = (events: readonly EncodedEvent[]) => Promise.resolve(events.forEach((it) => published.add(nameOf(it))));
      return new OutboxRelay(db, { publish, logger: silentLogger, sweepMs: 50 });
    });
    for (const relay of relays) relay.start();

    const answered: string[] = [];
    const refusals: unknown[] = [];
    let isOpen = true;
    const write = async (lane: number) => {
      const [db, relay] = [replicas[lane % 2]!, relays[lane % 2]!];
      for (let n = 0; isOpen; n++) {
        const name = `${lane}-${n}`;
        try {
          await db.$transaction(async (tx) => {
            await tx.user.create({ data: { email: name, emailKey: name, username: name, passwordHash: 'x' } });
            await addToOutbox(tx, someEvent(name));
          });
          answered.push(name);
          relay.kick();
        } catch (error) {
          refusals.push(error);
        }
      }
    };
    const lanes = [0, 1, 2, 3].map(write);
    for (let round = 1; round <= 2; round++) {
      const before = { answers: answered.length, refusals: refusals.length };
      await waitFor(() => answered.length > before.answers + 40, { what: 'changes to be written' });
      await postgres.kill();
      await waitFor(() => refusals.length > before.refusals, { what: 'a writer to be refused' });
      await postgres.restart();
    }
    const before = answered.length;
    await waitFor(() => answered.length > before + 40, { what: 'changes after the last restart' });
    isOpen = false;
    await Promise.all(lanes);

    for (const error of refusals) expect(error).toMatchObject({ code: 'DATABASE_UNAVAILABLE', status: 503 });
    const stored = (await replicas[0]!.user.findMany({ select: { username: true } })).map((it) => it.username);
    await waitFor(() => published.size >= stored.length, { what: 'every event to be published' });
    expect([...published].sort()).toEqual(stored.sort());
    expect(stored).toEqual(expect.arrayContaining(answered));

    await Promise.all(relays.map((it) => it.stop()));
    await Promise.all(replicas.map((it) => it.$disconnect()));
    await test.drop({ mayBeInUse: true });
  });
});
