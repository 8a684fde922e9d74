import { createServer, type Server, type Socket } from 'node:net';
import { silentLogger } from '@angarium/observability';
import { createTestDatabase, startPostgres, stopAfterTests, waitFor, type TestDatabase } from '@angarium/testing';
import { checkDatabase, createDatabase, type Database } from './index.js';

stopAfterTests();
let postgres: Awaited<ReturnType<typeof startPostgres>>;
let test: TestDatabase;
let db: Database<'accounts'>;

beforeAll(async () => {
  postgres = await startPostgres({ fsync: true }); // without it a killed server forgets commits
});
beforeEach(async () => {
  test = await createTestDatabase(postgres);
  db = createDatabase('accounts', { poolSize: 8, timeoutMs: 1_000, logger: silentLogger, url: test.url });
});
afterEach(async () => {
  await db.$disconnect();
  await test.drop({ mayBeInUse: true });
});

const away = { code: 'DATABASE_UNAVAILABLE', retry: 'when-available', status: 503 };
const user = (name: string) => ({ data: { email: name, emailKey: name, username: name, passwordHash: 'x' } });
const worksAgain = () => waitFor(() => db.user.count().then(() => true), { what: 'the same client to work again' });

describe('PostgreSQL is killed', () => {
  it('before a statement, a transaction and a health check: each is told, and the same client works after the restart', async () => {
    await db.user.create(user('ada'));
    await postgres.kill();
    for (const work of [() => db.user.count(), () => db.$queryRaw`SELECT 1`, () => db.$transaction((tx) => tx.user.count()), () => checkDatabase(db)]) {
      await expect(work()).rejects.toMatchObject(away);
    }
    await postgres.restart();
    await worksAgain();
    expect(await db.user.findFirst()).toMatchObject({ username: 'ada' });
  });

  it('during statements and transactions: each is told, nothing is half there, and nothing crashes', async () => {
    let [begun, killed] = [() => {}, () => {}];
    const isBegun = new Promise<void>((resolve) => (begun = resolve));
    const isKilled = new Promise<void>((resolve) => (killed = resolve));
    const outcomes = Promise.allSettled([
      db.$queryRaw`SELECT 1 FROM pg_sleep(0.9)`,
      db.$transaction(async (tx) => {
        await tx.user.create(user('asks again'));
        begun();
        await isKilled;
        await tx.user.count();
      }),
      db.$transaction(async (tx) => {
        await tx.user.create(user('only commits'));
        await isKilled;
      }),
    ]);
    await isBegun;
    await postgres.kill();
    killed();
    for (const outcome of await outcomes) expect(outcome).toMatchObject({ reason: away });
    await postgres.restart();
    await worksAgain();
    expect(await db.user.count()).toBe(0);
  });

  it('before the client was made: making it does not fail, and it works once PostgreSQL is there', async () => {
    await postgres.kill();
    const early = createDatabase('accounts', { timeoutMs: 1_000, logger: silentLogger, url: test.url });
    await expect(early.user.count()).rejects.toMatchObject(away);
    await postgres.restart();
    await waitFor(() => early.user.count().then(() => true), { what: 'the early client to work' });
    await early.$disconnect();
  });
});

describe('sessions are ended by the server', () => {
  it('under load: every statement and transaction either did its work or is told, and nothing crashes', async () => {
    const outcomes: PromiseSettledResult<unknown>[] = [];
    let isLoaded = true;
    const load = async (lane: number) => {
      for (let n = 0; isLoaded; n++) {
        const name = `${lane}-${n}`;
        const works = [
          () => db.user.create(user(name)),
          () => db.$transaction((tx) => tx.user.create(user(name))),
          () => db.$queryRaw`SELECT 1 FROM pg_sleep(0.005)`,
        ];
        outcomes.push(...(await Promise.allSettled([works[n % 3]!()])));
      }
    };
    const lanes = Array.from({ length: 12 }, (_, lane) => load(lane));
    const admin = createDatabase('accounts', { poolSize: 1, logger: silentLogger, url: postgres.url });
    for (let round = 1; round <= 8; round++) {
      const until = outcomes.length + 30;
      await waitFor(() => outcomes.length >= until, { what: 'more load', everyMs: 1 });
      await admin.$queryRaw`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ${new URL(test.url).pathname.slice(1)}`;
    }
    isLoaded = false;
    await Promise.all(lanes);
    await admin.$disconnect();
    const failures = outcomes.filter((it) => it.status === 'rejected');
    expect(failures.length).toBeGreaterThan(0);
    for (const failure of failures) expect(failure).toMatchObject({ reason: away });
    await worksAgain();
  });
});

describe('PostgreSQL falls silent', () => {
  it('a session that stops answering without a word is given up, and the next statement gets another one', async () => {
    const narrow = createDatabase('accounts', { poolSize: 1, timeoutMs: 300, logger: silentLogger, url: test.url });
    const [{ pid }] = await narrow.$queryRaw<[{ pid: number }]>`SELECT pg_backend_pid() AS pid`;
    process.kill(pid, 'SIGSTOP');
    try {
      await expect(narrow.user.count()).rejects.toMatchObject(away);
      expect(await narrow.user.count()).toBe(0);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await narrow.$disconnect();
  });

  it('a server that takes connections and says nothing is away after the time limit', async () => {
    await withServer(
      () => {},
      async (url) => {
        const silent = createDatabase('accounts', { timeoutMs: 200, logger: silentLogger, url });
        await expect(silent.user.count()).rejects.toMatchObject(away);
        await expect(checkDatabase(silent, 50)).rejects.toMatchObject({ ...away, message: expect.stringContaining('50 ms') as string });
        await silent.$disconnect();
      },
    );
  });

  // a real server says this for some milliseconds only, so it cannot be caught for sure
  it('a server that is still starting up is away', async () => {
    const starting = 'SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0';
    const answer = Buffer.concat([Buffer.from('E'), Buffer.from([0, 0, 0, starting.length + 4]), Buffer.from(starting, 'latin1')]);
    await withServer(
      (socket) => void socket.once('data', () => socket.end(answer)),
      async (url) => {
        const early = createDatabase('accounts', { timeoutMs: 500, logger: silentLogger, url });
        await expect(early.user.count()).rejects.toMatchObject({ ...away, message: expect.stringContaining('57P03') as string });
        await expect(early.$transaction((tx) => tx.user.count())).rejects.toMatchObject(away);
        await early.$disconnect();
      },
    );
  });
});

async function withServer(answer: (socket: Socket) => void, work: (url: string) => Promise<void>): Promise<void> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    answer(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  try {
    await work(`postgresql://ada:x@127.0.0.1:${port}/soup`);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}
