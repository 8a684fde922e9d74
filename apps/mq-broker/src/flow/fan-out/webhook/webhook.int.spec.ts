import { SubscriptionDisabled } from '@angarium/contracts';
import {
  GetSubscription,
  ListDeadLetters,
  PauseSubscription,
  RedriveDeadLetters,
  ResumeSubscription,
  RotateSecret,
} from '@angarium/contracts/broker-api';
import { freePort, stopAfterTests, waitFor } from '@angarium/testing';
import { createPublicKey, verify } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { makeTopic, numbers, publish, publishMany, startFlowBench, subscribe, type FlowBench } from '../../../testing/flow-bench/start-flow-bench.js';
import { startReceiver, type Received, type Receiver } from '../../../testing/flow-bench/start-receiver.js';
import type { Replica } from '../../../testing/flow-bench/start-replica.js';

let bench: FlowBench;
let one: Replica;
let receiver: Receiver;
let paths = 0;
beforeAll(async () => {
  bench = await startFlowBench();
  [one, receiver] = await Promise.all([bench.replica(), startReceiver()]);
});
afterAll(async () => {
  await receiver.close();
  await bench.close();
});
stopAfterTests(); // below, as it stops the servers

type Named = { readonly id: string };
/** A topic with one webhook on a path of its own, whose retries follow at once. */
async function hooked({ topicSettings = {}, url = receiver.url, destination = {}, ...settings }: Record<string, unknown> & { topicSettings?: object; url?: string; destination?: object } = {}) {
  const path = `/hook-${++paths}`;
  const topic = await makeTopic(one, topicSettings);
  const retry = { kind: 'list', delaysMs: [0], jitterPercent: 0 };
  const subscription = await subscribe(one, topic, { destination: { type: 'webhook', url: `${url}${path}`, ...destination }, retry, ...settings });
  const calls = () => receiver.at(path);
  const toCall = async (count: number, timeoutMs = 10_000) => {
    await waitFor(() => calls().length >= count, { what: `${count} calls to ${path}, not ${calls().length}`, timeoutMs });
    return calls();
  };
  return { path, topic, subscription, secret: subscription.secret!, calls, toCall };
}
const asHeaders = ({ headers }: Received) => headers as Record<string, string>;
const isSigned = (call: Received, secret: string) => {
  try {
    new Webhook(secret).verify(call.body, asHeaders(call));
    return true;
  } catch {
    return false;
  }
};
const deliveries = ({ id }: Named) =>
  bench.sql.query<{ status: string; attempts: number; error: string | null }>('SELECT status, attempts, last_error AS error FROM broker.deliveries WHERE subscription_id = $1 ORDER BY partition_id, offset_value', [id]);
const toBecome = (subscription: Named, status: string, count = 1) =>
  waitFor(async () => (await deliveries(subscription)).filter((it) => it.status === status).length === count, { what: `${count} deliveries to be ${status}` });
const attempts = ({ id }: Named) =>
  bench.sql.query('SELECT status, retry_count AS before, response_status AS answer, response_head AS head FROM broker.consumption_records WHERE subscription_id = $1 ORDER BY retry_count', [id]);
const shown = async ({ id }: Named) => (await one.call(GetSubscription, { params: { id } })).body;
const payloads = (calls: readonly Received[]) => calls.map(({ body }) => (JSON.parse(body) as { data: { n: number } }).data.n);

describe('a webhook', () => {
  it('is called as Standard Webhooks says, and its own library accepts the signature', async () => {
    const { topic, subscription, secret, toCall } = await hooked();
    const { messageId, publishedAt } = await publish(one, topic, { total: 12.5 }, { type: 'order.made', key: 'k', headers: { Region: 'eu' }, correlationId: 'c-1' });
    const [call] = await toCall(1);
    expect(new Webhook(secret).verify(call!.body, asHeaders(call!))).toEqual({ type: 'order.made', timestamp: publishedAt, data: { total: 12.5 } });
    expect(call!.headers).toMatchObject({ 'webhook-id': messageId, 'webhook-attempt': '1', 'content-type': 'application/json', 'angarium-topic': topic.name, 'angarium-key': 'k', 'angarium-header-region': 'eu', 'x-correlation-id': 'c-1' });
    expect(call!.headers['traceparent']).toMatch(/^00-/);
    // whoever changes a letter is found out
    expect(isSigned({ ...call!, body: call!.body.replace('12.5', '99.5') }, secret)).toBe(false);
    await waitFor(async () => (await shown(subscription)).cursors[0]!.lag === 0, { what: 'it to be settled' });
    expect(await deliveries(subscription)).toEqual([]);
    expect(await attempts(subscription)).toMatchObject([{ status: 'success', before: 0, answer: 204 }]);
  });

  it('is signed with the old and the new secret while they overlap, and with the new one alone without overlap', async () => {
    const { topic, subscription, secret: first, toCall } = await hooked();
    const rotate = async (overlapMs: number) => (await one.call(RotateSecret, { params: { id: subscription.id }, body: { overlapMs } })).body.secret!;
    const second = await rotate(3_600_000);
    await publish(one, topic, { n: 1 });
    const [both] = await toCall(1);
    expect([isSigned(both!, first), isSigned(both!, second)]).toEqual([true, true]);
    expect(String(both!.headers['webhook-signature']).split(' ')).toHaveLength(2);
    const third = await rotate(0);
    await publish(one, topic, { n: 2 });
    const [, alone] = await toCall(2);
    expect([isSigned(alone!, third), isSigned(alone!, second)]).toEqual([true, false]);
  });

  it('with v1a is signed by a private key that only the broker has', async () => {
    const { topic, subscription, toCall } = await hooked({ destination: { signature: 'v1a' } });
    await publish(one, topic, { n: 1 });
    const [call] = await toCall(1);
    const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': header } = asHeaders(call!);
    const point = Buffer.from(subscription.publicKey!.slice('whpk_'.length), 'base64');
    const key = createPublicKey({ key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), point]), format: 'der', type: 'spki' });
    const [scheme, signature] = header!.split(',');
    expect(scheme).toBe('v1a');
    expect(verify(null, Buffer.from(`${id}.${at}.${call!.body}`), key, Buffer.from(signature!, 'base64'))).toBe(true);
  });

  it('is not called for what its filter does not want', async () => {
    const { topic, subscription, toCall, calls } = await hooked({ filter: { 'payload.n': { $gt: 8 } } });
    await publishMany(one, topic, 1, 10);
    await toCall(2);
    await waitFor(async () => (await shown(subscription)).cursors[0]!.lag === 0, { what: 'all to be settled' });
    expect(payloads(calls()).sort((a, b) => a - b)).toEqual([9, 10]);
  });

  it('is not called while it is paused, and gets what waited when it is resumed', async () => {
    const { topic, subscription, toCall, calls } = await hooked();
    await one.call(PauseSubscription, { params: { id: subscription.id } });
    await publishMany(one, topic, 1, 3);
    await waitFor(async () => (await bench.redis.xlen(`bench:topics:{${topic.id}/0}`)) === 3, { what: 'the messages' });
    expect(calls()).toEqual([]);
    await one.call(ResumeSubscription, { params: { id: subscription.id }, body: {} });
    expect(payloads(await toCall(3)).sort()).toEqual([1, 2, 3]);
  });
});

describe('a webhook that fails', () => {
  it('is called again with the same id and the next number, and every attempt is in the log with what was answered', async () => {
    const { path, topic, subscription, toCall } = await hooked();
    receiver.answer(path, (_, nth) => (nth < 3 ? { status: 500, body: `no ${nth}` } : { status: 200, body: 'fine' }));
    const { messageId } = await publish(one, topic, { n: 1 });
    const calls = await toCall(3);
    expect(calls.map(({ headers }) => [headers['webhook-id'], headers['webhook-attempt']])).toEqual([[messageId, '1'], [messageId, '2'], [messageId, '3']]);
    await toBecome(subscription, 'delivered');
    await waitFor(async () => (await attempts(subscription)).length === 3, { what: 'the log' });
    expect(await attempts(subscription)).toEqual([
      { status: 'retrying', before: 0, answer: 500, head: 'no 1' },
      { status: 'retrying', before: 1, answer: 500, head: 'no 2' },
      { status: 'success', before: 2, answer: 200, head: 'fine' },
    ]);
  });

  it('where nobody listens is retried, and delivered when somebody does', async () => {
    const port = await freePort();
    const { path, topic, subscription } = await hooked({ url: `http://127.0.0.1:${port}`, maxAttempts: 100, retry: { kind: 'list', delaysMs: [200], jitterPercent: 0 } });
    await publish(one, topic, { n: 1 });
    await waitFor(async () => (await deliveries(subscription))[0]?.error?.startsWith('EGRESS_') === true, { what: 'a failed attempt' });
    const back = await startReceiver(port);
    await waitFor(() => back.at(path).length === 1, { what: 'the call' });
    await toBecome(subscription, 'delivered');
    await back.close();
  });

  it('waits as long as Retry-After asks, whatever the policy says', async () => {
    const { path, topic, toCall } = await hooked();
    receiver.answer(path, (_, nth) => (nth === 1 ? { status: 429, headers: { 'retry-after': '2' } } : {}));
    await publish(one, topic, { n: 1 });
    const [first, second] = await toCall(2);
    expect(second!.atMs - first!.atMs).toBeGreaterThan(1_980);
  });

  it('too often is a dead letter, and is delivered again under the same id when it is redriven', async () => {
    const { path, topic, subscription, toCall } = await hooked({ maxAttempts: 2 });
    receiver.answer(path, (_, nth) => (nth <= 2 ? { status: 500 } : {}));
    const { messageId } = await publish(one, topic, { n: 1 });
    await toBecome(subscription, 'dead');
    expect((await one.call(ListDeadLetters, { params: { id: subscription.id } })).body.items).toMatchObject([{ messageId, attempts: 2, reason: 'The receiver answered 500.' }]);
    await one.call(RedriveDeadLetters, { params: { id: subscription.id }, body: {} });
    const calls = await toCall(3);
    expect(calls[2]!.headers).toMatchObject({ 'webhook-id': messageId, 'webhook-attempt': '1' });
    await toBecome(subscription, 'delivered');
  });

  it('that wants no more of a message makes it a dead letter at once', async () => {
    const { path, topic, subscription, calls } = await hooked();
    receiver.answer(path, () => ({ status: 400, headers: { 'webhook-delivery': 'abort-message' } }));
    await publish(one, topic, { n: 1 });
    await toBecome(subscription, 'dead');
    expect(calls()).toHaveLength(1);
    await waitFor(async () => (await attempts(subscription)).length === 1, { what: 'the log' });
    expect(await attempts(subscription)).toMatchObject([{ status: 'aborted', answer: 400 }]);
  });

  it('that answers 410 is disabled, told of by an event, and gets what it refused when it is resumed', async () => {
    const { path, topic, subscription, toCall, calls } = await hooked();
    receiver.answer(path, (_, nth) => (nth === 1 ? { status: 410 } : {}));
    await publish(one, topic, { n: 1 });
    await waitFor(async () => (await shown(subscription)).status === 'disabled', { what: 'it to be disabled' });
    expect((await shown(subscription)).disabledReason).toBe('The receiver answered 410: it is gone.');
    await publish(one, topic, { n: 2 });
    await waitFor(async () => (await bench.redis.xlen(`bench:topics:{${topic.id}/0}`)) >= 1, { what: 'the next message' });
    const told = async () => (await bench.redis.xrange(`bench:events:{${SubscriptionDisabled.name}}`, '-', '+')).find(([, fields]) => fields.join(' ').includes(subscription.id));
    const event = await waitFor(told, { what: 'the event' });
    expect(event[1].join(' ')).toContain('The receiver answered 410');
    expect(calls()).toHaveLength(1);
    await one.call(ResumeSubscription, { params: { id: subscription.id }, body: {} });
    expect(payloads(await toCall(3)).slice(1).sort()).toEqual([1, 2]);
  });
});

describe('a receiver that is dead', () => {
  it('trips its breaker: no more calls, no attempt burnt, and everything arrives once it is resumed', async () => {
    const { path, topic, subscription, toCall, calls } = await hooked({ maxAttempts: 50, maxInFlight: 4 });
    let isDead = true;
    receiver.answer(path, () => (isDead ? { status: 503, headers: { 'retry-after': '1' } } : {}));
    await publishMany(one, topic, 1, 60);
    await waitFor(async () => (await shown(subscription)).breaker === 'open', { what: 'the breaker to open' });
    await waitFor(async () => (await deliveries(subscription)).every(({ status }) => status === 'waiting') && one.flow.dispatcher.inFlightCount === 0, { what: 'what was in flight' });
    const made = calls().length;
    expect(made).toBeGreaterThanOrEqual(10);
    expect(made).toBeLessThan(20);
    // the first attempts' pause is over, and nobody is called all the same
    await waitFor(() => performance.now() - calls().at(-1)!.atMs > 2_000, { what: 'the pauses to be over' });
    expect(calls()).toHaveLength(made);
    const rows = await deliveries(subscription);
    expect(rows.reduce((sum, it) => sum + it.attempts, 0)).toBe(made);
    isDead = false;
    await one.call(ResumeSubscription, { params: { id: subscription.id }, body: {} });
    await toCall(made + 60);
    expect([...new Set(payloads(calls().slice(made)))].sort((a, b) => a - b)).toEqual(numbers(1, 60));
  });
});

describe('an ordered webhook', () => {
  it('gets each key in order, one at a time, and a failing head holds up its key only', async () => {
    const { path, topic, toCall } = await hooked({ isOrdered: true, topicSettings: { partitionCount: 2 } });
    let failures = 0;
    receiver.answer(path, ({ body }) => (body.includes('"n":3}') && failures++ < 3 ? { status: 500 } : {}));
    await publishMany(one, topic, 1, 30, (n) => ({ key: `key-${n % 3}` }));
    const done = payloads(await toCall(33)).filter((n, at, all) => all.indexOf(n, at + 1) === -1);
    for (const rest of numbers(0, 2)) expect(done.filter((n) => n % 3 === rest)).toEqual(numbers(1, 30).filter((n) => n % 3 === rest));
  });
});

describe('a replica that dies with deliveries in hand', () => {
  it('another one delivers them after five seconds, with the lost attempt counted', async () => {
    const { path, topic, subscription, toCall, calls } = await hooked({ maxInFlight: 1 });
    let letGo: () => void = () => undefined;
    receiver.answer(path, (_, nth) => (nth === 1 ? { after: new Promise<void>((resolve) => (letGo = resolve)) } : {}));
    await publishMany(one, topic, 1, 3);
    await toCall(1);
    // the only slot of the subscription is taken; the next message is read by one that will never be heard of again
    const stream = `bench:topics:{${topic.id}/0}`;
    await bench.redis.xreadgroup('GROUP', subscription.id, 'dead-replica', 'COUNT', 1, 'STREAMS', stream, '>');
    letGo();
    await toCall(2);
    expect(payloads(calls())).toEqual([1, 3]);
    const taken = await toCall(3, 15_000);
    expect([payloads(taken)[2], taken[2]!.headers['webhook-attempt']]).toEqual([2, '2']);
    await waitFor(async () => (await attempts(subscription)).length === 4, { what: 'the log' });
  });
});

describe('a replica that stops', () => {
  it('ends what is in flight, begins nothing more, and the other goes on', async () => {
    const stopping = await bench.replica();
    const { path, topic, subscription, calls, toCall } = await hooked({ maxInFlight: 2 });
    let letGo: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    receiver.answer(path, (_, nth) => (nth <= 2 ? { after: held } : {}));
    await publishMany(stopping, topic, 1, 10);
    await toCall(2);
    const stopped = stopping.close();
    letGo();
    await stopped;
    await toCall(10);
    await waitFor(async () => (await shown(subscription)).cursors[0]!.lag === 0, { what: 'all to be settled' });
    expect(payloads(calls()).sort((a, b) => a - b)).toEqual(numbers(1, 10));
    expect((await deliveries(subscription)).filter(({ status }) => status !== 'delivered')).toEqual([]);
  });
});
