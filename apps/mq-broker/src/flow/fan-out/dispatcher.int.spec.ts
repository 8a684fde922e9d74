import { stopAfterTests, waitFor } from '@angarium/testing';
import { makeTopic, numbers, publish, publishMany, startFlowBench, subscribe, type FlowBench } from '../../testing/flow-bench/start-flow-bench.js';
import { startReceiver, type Receiver } from '../../testing/flow-bench/start-receiver.js';
import type { Replica } from '../../testing/flow-bench/start-replica.js';

let bench: FlowBench;
let one: Replica;
let receiver: Receiver;
/** Lets go every call that is held. */
let letGo: () => void = () => undefined;
let held: Promise<void>;
const SLOTS = 20;
beforeAll(async () => {
  bench = await startFlowBench();
  [one, receiver] = await Promise.all([bench.replica({ env: { MAX_CONCURRENT_CONSUMERS: String(SLOTS) } }), startReceiver()]);
});
beforeEach(() => {
  held = new Promise((resolve) => (letGo = resolve));
});
afterEach(async () => {
  letGo();
  await waitFor(() => one.flow.dispatcher.inFlightCount === 0, { what: 'the slots to be free' });
});
afterAll(async () => {
  await receiver.close();
  await bench.close();
});
stopAfterTests(); // below, as it stops the servers

const webhook = (path: string) => ({ destination: { type: 'webhook', url: `${receiver.url}${path}`, timeoutMs: 15_000 } });
const toCall = (path: string, count: number, timeoutMs = 10_000) => waitFor(() => receiver.at(path).length >= count, { what: `${count} calls to ${path}`, timeoutMs });
const toRest = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

describe('the slots of a replica', () => {
  it('are never more than MAX_CONCURRENT_CONSUMERS, and all are used for one tenant that is alone but for the reserve', async () => {
    const topic = await makeTopic(one);
    await subscribe(one, topic, { ...webhook('/all'), maxInFlight: 1_000 });
    receiver.answer('/all', () => ({ after: held }));
    await publishMany(one, topic, 1, 100);
    // a tenth is kept for tenants with nothing in flight
    await toCall('/all', SLOTS - 2);
    await toRest();
    expect(receiver.at('/all')).toHaveLength(SLOTS - 2);
    expect(one.flow.dispatcher.inFlightCount).toBe(SLOTS - 2);
    receiver.answer('/all', () => ({}));
    letGo();
    await toCall('/all', 100);
    expect(new Set(receiver.at('/all').map(({ body }) => body)).size).toBe(100);
  });

  it('a subscription has no more in flight than its maxInFlight', async () => {
    const topic = await makeTopic(one);
    await subscribe(one, topic, { ...webhook('/three'), maxInFlight: 3 });
    let inFlight = 0;
    let most = 0;
    receiver.answer('/three', () => {
      most = Math.max(most, ++inFlight);
      const after = new Promise<void>((resolve) => setImmediate(resolve)).then(() => void inFlight--);
      return { after };
    });
    await publishMany(one, topic, 1, 60);
    await toCall('/three', 60);
    expect(most).toBeLessThanOrEqual(3);
    expect(most).toBeGreaterThan(1);
  });
});

describe('fairness', () => {
  it('a tenant with 2 000 messages waiting does not delay another’s', async () => {
    const flooded = await makeTopic(one);
    await subscribe(one, flooded, { ...webhook('/flood'), maxInFlight: 1_000 });
    receiver.answer('/flood', () => ({ after: new Promise((resolve) => setTimeout(resolve, 20)) }));
    await publishMany(one, flooded, 1, 2_000);
    await toCall('/flood', 50);
    const quiet = await makeTopic(one, {}, bench.globex);
    await subscribe(one, quiet, webhook('/quiet'), bench.globex);
    for (const n of numbers(1, 5)) {
      const before = receiver.at('/flood').length;
      await publish(one, quiet, { n }, {}, bench.globex);
      await toCall('/quiet', n);
      // it did not wait for the backlog
      expect(receiver.at('/flood').length - before).toBeLessThan(200);
    }
    expect(receiver.at('/flood').length).toBeLessThan(2_000);
    receiver.answer('/flood', () => ({}));
    await toCall('/flood', 2_000, 20_000);
  });

  it('a tenant whose receiver never answers does not delay another’s, however many slots it would take', async () => {
    const stuck = await makeTopic(one);
    await subscribe(one, stuck, { ...webhook('/stuck'), maxInFlight: 1_000 });
    receiver.answer('/stuck', () => ({ after: held }));
    await publishMany(one, stuck, 1, 100);
    await toCall('/stuck', SLOTS - 2);
    const quiet = await makeTopic(one, {}, bench.globex);
    await subscribe(one, quiet, webhook('/beside'), bench.globex);
    await publishMany(one, quiet, 1, 50, undefined, bench.globex);
    await toCall('/beside', 50);
    expect(receiver.at('/stuck')).toHaveLength(SLOTS - 2);
    receiver.answer('/stuck', () => ({}));
    letGo();
    await toCall('/stuck', 100);
  });

  it('a receiver that never answers does not hold up the other subscriptions of its tenant and topic', async () => {
    const topic = await makeTopic(one);
    await subscribe(one, topic, { ...webhook('/slow'), maxInFlight: 5 });
    await subscribe(one, topic, webhook('/fast'));
    receiver.answer('/slow', () => ({ after: held }));
    await publishMany(one, topic, 1, 100);
    await toCall('/fast', 100);
    expect(receiver.at('/slow')).toHaveLength(5);
    receiver.answer('/slow', () => ({}));
    letGo();
    await toCall('/slow', 100);
  });

  it('messages that are retried do not hold up new ones, nor the other way round', async () => {
    const topic = await makeTopic(one);
    await subscribe(one, topic, { ...webhook('/mixed'), maxInFlight: 2, retry: { kind: 'list', delaysMs: [0], jitterPercent: 0 }, maxAttempts: 3 });
    receiver.answer('/mixed', ({ body, headers }) => (body.includes('"n":1}') && headers['webhook-attempt'] !== '3' ? { status: 409 } : {}));
    await publishMany(one, topic, 1, 30);
    await toCall('/mixed', 32);
    expect(new Set(receiver.at('/mixed').map(({ body }) => body)).size).toBe(30);
  });
});

describe('a breaker that is half open', () => {
  it('asks with a message that never failed, so that one the receiver refuses for ever does not keep it shut', async () => {
    const topic = await makeTopic(one);
    const { id } = await subscribe(one, topic, { ...webhook('/probe'), retry: { kind: 'list', delaysMs: [3_600_000], jitterPercent: 0 }, maxAttempts: 5 });
    receiver.answer('/probe', ({ body }) => (body.includes('"n":1}') ? { status: 500 } : {}));
    const set = async (what: string) => {
      await bench.sql.execute(`UPDATE broker.message_subscriptions SET ${what} WHERE id = $1`, [id]);
      await one.flow.subscriptions.reload(id);
    };
    await publish(one, topic, { n: 1 });
    const isParked = async () => (await bench.sql.query('SELECT FROM broker.deliveries WHERE subscription_id = $1', [id])).length === 1;
    await waitFor(isParked, { what: 'the failed one to wait' });
    await set(`status = 'paused'`);
    await publishMany(one, topic, 2, 4);
    await waitFor(async () => Number(await bench.redis.get(`bench:topics:{${topic.id}/0}:head`)) === 4, { what: 'all four to be in the stream' });
    await bench.sql.execute('UPDATE broker.deliveries SET next_attempt_at = now() WHERE subscription_id = $1', [id]);
    one.flow.dispatcher.wakeDue((await one.flow.subscriptions.find(id))!); // both lanes have something when it goes on
    await set(`status = 'active', breaker_state = 'open', breaker_trips = 1, breaker_until = now() - interval '1 second'`);
    await toCall('/probe', 5);
    expect(receiver.at('/probe').map(({ body }) => /"n":(\d)/.exec(body)?.[1]).slice(0, 2)).toEqual(['1', '2']);
    const breaker = async () => (await bench.sql.query<{ state: string }>('SELECT breaker_state AS state FROM broker.message_subscriptions WHERE id = $1', [id]))[0]?.state;
    await waitFor(async () => (await breaker()) === 'closed', { what: 'the breaker to close' });
  });
});

describe('a subscription that is deleted', () => {
  it('gets nothing more, and its groups are gone', async () => {
    const topic = await makeTopic(one);
    const { id } = await subscribe(one, topic, webhook('/gone'));
    await publish(one, topic, { n: 1 });
    await toCall('/gone', 1);
    await bench.sql.execute('DELETE FROM broker.message_subscriptions WHERE id = $1', [id]);
    await one.flow.subscriptions.reload(id);
    const groups = async () => JSON.stringify(await bench.redis.xinfo('GROUPS', `bench:topics:{${topic.id}/0}`));
    await waitFor(async () => !(await groups()).includes(id), { what: 'the group to go' });
    await publish(one, topic, { n: 2 });
    const watcher = await subscribe(one, topic, webhook('/witness'));
    await toCall('/witness', 1);
    expect(watcher.id).not.toBe(id);
    expect(receiver.at('/gone')).toHaveLength(1);
  });
});

describe('what cannot be read', () => {
  it('while Redis is away is read when it is back, and everything arrives', async () => {
    const topic = await makeTopic(one);
    await subscribe(one, topic, webhook('/back'));
    await publish(one, topic, { n: 1 });
    await toCall('/back', 1);
    await bench.servers.redis.kill();
    await publishMany(one, topic, 2, 20);
    await bench.servers.redis.restart();
    await toCall('/back', 20, 20_000);
    expect(new Set(receiver.at('/back').map(({ body }) => body)).size).toBe(20);
  });
});
