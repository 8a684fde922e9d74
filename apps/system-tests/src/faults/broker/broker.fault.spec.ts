import { startSink, stopAfterTests, waitFor, type Service, type Sink } from '@angarium/testing';
import { Redis } from 'ioredis';
import { Ledger } from './ledger.js';
import { startBrokerGround, type BrokerGround } from './start-broker.js';

stopAfterTests();
const testMs = 90_000;
let ground: BrokerGround;
let sink: Sink;
let replicas: Service[] = [];
let nth = 0;
let running: Ledger | undefined;

beforeAll(async () => {
  [ground, sink] = await Promise.all([startBrokerGround(), startSink()]);
});
afterEach(async () => {
  // also where a test failed
  const stopping = running?.stop();
  ground.redisProxy.pass();
  ground.postgresProxy.pass();
  await Promise.all(replicas.splice(0).map((it) => it.kill('SIGKILL')));
  await stopping;
});
afterAll(async () => {
  await Promise.all([ground?.stop(), sink?.stop()]);
});

/** Two replicas, a topic, and two webhooks on it: one as it comes, one in strict order. */
async function scene(...options: Parameters<BrokerGround['replica']>[0][]) {
  nth += 1;
  const topic = `faults-${nth}`;
  replicas = await Promise.all([options[0], options[1]].map((it) => ground.replica(it)));
  const urls = () => replicas.filter((it) => it.isRunning()).map((it) => it.url);
  await call('/queues', { name: topic, partitionCount: 2 });
  const retry = { kind: 'list', delaysMs: [200], jitterPercent: 0 };
  const hook = (path: string, more: object) => call('/subscriptions', { topic, group: path, destination: { type: 'webhook', url: `${sink.url}${path}` }, retry, maxAttempts: 50, ...more });
  const [plain, ordered] = [`/plain-${nth}`, `/ordered-${nth}`];
  await hook(plain, {});
  await hook(ordered, { isOrdered: true, maxInFlight: 50 });
  running = new Ledger(urls, ground.apiKey, topic);
  return { topic, plain, ordered, ledger: running };
}

async function call(path: string, body: object): Promise<Record<string, unknown>> {
  const response = await fetch(`${replicas.find((it) => it.isRunning())!.url}/api/v1/mq${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ground.apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
  return JSON.parse(text) as Record<string, unknown>;
}

/** No delivery is both settled at its receiver and dead. */
async function deadCount(): Promise<number> {
  const [row] = await ground.sql.query<{ count: string }>(`SELECT count(*) AS count FROM broker.deliveries WHERE status = 'dead'`);
  return Number(row?.count);
}

async function allArrived({ ledger, plain, ordered }: Awaited<ReturnType<typeof scene>>, what: string, timeoutMs?: number) {
  await ledger.stop();
  const counters = await ledger.settled(what, () => sink.at(plain), timeoutMs);
  const inOrder = await ledger.settled(`${what}, ordered`, () => sink.at(ordered), timeoutMs);
  expect([counters.lost, counters.unexpected, inOrder.lost, inOrder.unexpected]).toEqual([0, 0, 0, 0]);
  expect(ledger.outOfOrder(sink.at(ordered))).toEqual([]);
  expect(await deadCount()).toBe(0);
  return counters;
}

const arrivedCount = (path: string) => sink.at(path).length;

describe('a replica that is killed', () => {
  it.each(['accepted:30', 'committed:8', 'answered:8', 'appended:8', 'taken:30', 'delivered:30', 'parked:3'])(
    'at the point %s loses nothing that was acknowledged, and the other one goes on within seconds',
    async (dieAt) => {
      const it = await scene({ dieAt }, {});
      // some deliveries fail once, so that there is something to park
      const failed = new Set<string>();
      sink.answer((path, n) => (n % 10 === 3 && !failed.has(`${path} ${n}`) && failed.add(`${path} ${n}`) ? 503 : 200));
      it.ledger.start(8);
      const [victim] = replicas;
      await waitFor(() => !victim!.isRunning(), { what: 'the replica to die' });
      const [before, then] = [arrivedCount(it.plain), performance.now()];
      await waitFor(() => arrivedCount(it.plain) > before + 20, { what: 'deliveries to go on', timeoutMs: 20_000, everyMs: 20 });
      process.stdout.write(`${dieAt}: deliveries went on after ${Math.round(performance.now() - then)} ms\n`);
      sink.answer(() => 200);
      await allArrived(it, `killed at ${dieAt}`);
    },
    testMs,
  );
});

describe('Redis', () => {
  it('killed and started again under load: publishes are answered all the while, and everything arrives', async () => {
    const it = await scene();
    it.ledger.start(8);
    await waitFor(() => arrivedCount(it.plain) > 50, { what: 'the load' });
    await ground.redis.kill('SIGKILL');
    const before = it.ledger.acknowledged.size;
    await waitFor(() => it.ledger.acknowledged.size > before + 100, { what: 'publishes without Redis' });
    await ground.redis.restart();
    const back = arrivedCount(it.plain);
    await waitFor(() => arrivedCount(it.plain) > back, { what: 'the first delivery', timeoutMs: 20_000, everyMs: 20 });
    await allArrived(it, 'Redis killed');
    expect(it.ledger.failures).toEqual([]);
  }, testMs);

  it('flushed under load: streams and groups are rebuilt from Postgres, and everything arrives', async () => {
    const it = await scene();
    it.ledger.start(8);
    await waitFor(() => arrivedCount(it.plain) > 50, { what: 'the load' });
    const admin = new Redis(ground.redis.url);
    await admin.flushall();
    admin.disconnect();
    const before = arrivedCount(it.plain);
    await waitFor(() => arrivedCount(it.plain) > before + 20, { what: 'deliveries to go on', timeoutMs: 20_000, everyMs: 20 });
    await allArrived(it, 'Redis flushed');
    expect(it.ledger.failures).toEqual([]);
  }, testMs);

  it('half open and then reset: nothing hangs for ever, and everything arrives', async () => {
    const it = await scene();
    it.ledger.start(4);
    await waitFor(() => arrivedCount(it.plain) > 20, { what: 'the load' });
    ground.redisProxy.halfOpen();
    const before = it.ledger.acknowledged.size;
    await waitFor(() => it.ledger.acknowledged.size > before + 50, { what: 'publishes while Redis is silent' });
    ground.redisProxy.reset();
    ground.redisProxy.pass();
    await allArrived(it, 'Redis half open, then reset');
  }, testMs);
});

describe('Postgres', () => {
  it('killed under load: publishes are told 503 with retryAfter, nothing is half written, and everything acknowledged arrives', async () => {
    const it = await scene();
    it.ledger.start(6);
    await waitFor(() => arrivedCount(it.plain) > 50, { what: 'the load' });
    await ground.postgres.kill('SIGKILL');
    await waitFor(() => it.ledger.failures.length > 5, { what: 'refusals' });
    await ground.postgres.restart();
    const before = it.ledger.acknowledged.size;
    await waitFor(() => it.ledger.acknowledged.size > before + 30, { what: 'publishes again' });
    await allArrived(it, 'Postgres killed');
    for (const failure of it.ledger.failures) expect(failure).toMatch(/503 .*"retryAfter":\d/);
  }, testMs);

  it('with its connections terminated: everything acknowledged arrives', async () => {
    const it = await scene();
    it.ledger.start(6);
    await waitFor(() => arrivedCount(it.plain) > 50, { what: 'the load' });
    await ground.sql.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mq-broker'`);
    const before = it.ledger.acknowledged.size;
    await waitFor(() => it.ledger.acknowledged.size > before + 100, { what: 'publishes again' });
    await allArrived(it, 'Postgres connections terminated');
  }, testMs);
});

describe('replicas', () => {
  it('a frozen one that wakes up past its leases settles nothing that others have', async () => {
    const it = await scene();
    it.ledger.start(6);
    await waitFor(() => arrivedCount(it.plain) > 50, { what: 'the load' });
    const [frozen] = replicas;
    frozen!.signal('SIGSTOP');
    await it.ledger.stop();
    await waitFor(() => it.ledger.counters(sink.at(it.plain)).lost === 0, { what: 'the other one to take over' });
    frozen!.signal('SIGCONT');
    await allArrived(it, 'a replica frozen past its leases');
  }, testMs);

  it('are restarted one after the other under load, and no publish fails', async () => {
    const it = await scene();
    it.ledger.start(8);
    await waitFor(() => arrivedCount(it.plain) > 50, { what: 'the load' });
    for (const nthReplica of [0, 1]) {
      const old = replicas[nthReplica]!;
      replicas[nthReplica] = await ground.replica();
      old.signal('SIGTERM');
      replicas.push(old);
      expect(await old.exited).toEqual({ code: 0, signal: null });
    }
    await allArrived(it, 'rolling restart');
    expect(it.ledger.failures).toEqual([]);
  }, testMs);
});
