import { NackMessages, type PulledMessage } from '@angarium/contracts/broker-api';
import { createClient } from '@angarium/client';
import { stopAfterTests, waitFor } from '@angarium/testing';
import { ack, makeTopic, numbers, numbersOf, publish, publishMany, pull, pullAll, startFlowBench, subscribe, type FlowBench } from '../../../testing/flow-bench/start-flow-bench.js';
import type { Replica } from '../../../testing/flow-bench/start-replica.js';

let bench: FlowBench;
let one: Replica;
let other: Replica;
beforeAll(async () => {
  bench = await startFlowBench();
  [one, other] = await Promise.all([bench.replica(), bench.replica()]);
});
afterAll(() => bench.close());
stopAfterTests(); // below, as it stops the servers

type Named = { readonly id: string };
const giveBack = (replica: Replica, { id }: Named, messages: readonly PulledMessage[], more: object = {}) =>
  replica.call(NackMessages, { params: { id }, body: { receipts: messages.map(({ receipt }) => receipt), release: true, ...more } });
const failed = ({ id }: Named, messages: readonly PulledMessage[]) => one.call(NackMessages, { params: { id }, body: { receipts: messages.map(({ receipt }) => receipt), delayMs: 0, reason: 'broken' } });
const logged = ({ id }: Named) => bench.sql.query<{ status: string; before: number }>('SELECT status, retry_count AS before FROM broker.consumption_records WHERE subscription_id = $1 ORDER BY consumed_at', [id]);
const rows = ({ id }: Named) => bench.sql.query<{ status: string; attempts: number; error: string | null }>('SELECT status, attempts, last_error AS error FROM broker.deliveries WHERE subscription_id = $1 ORDER BY partition_id, offset_value', [id]);

describe('messages that are given back as not begun', () => {
  it.each(['commit', 'stream'])('come again at once as the same attempt, to whoever asks, with the durability %s', async (durability) => {
    const topic = await makeTopic(one, { partitionCount: 2, durability });
    const subscription = await subscribe(one, topic, { maxAttempts: 1 });
    await publishMany(one, topic, 1, 20);
    const started = performance.now();
    for (const replica of [other, one, other]) {
      const messages = await pullAll(one, subscription, 20);
      expect(new Set(messages.map(({ attempt }) => attempt))).toEqual(new Set([1]));
      expect(await giveBack(replica, subscription, messages)).toMatchObject({ status: 200, body: { settled: 20, refused: [] } });
    }
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(new Set((await rows(subscription)).map((row) => JSON.stringify(row)))).toEqual(new Set([JSON.stringify({ status: 'waiting', attempts: 0, error: null })]));
    const last = await pullAll(one, subscription, 20);
    expect(numbersOf(last).sort((a, b) => a - b)).toEqual(numbers(1, 20));
    await ack(one, subscription, last);
    await waitFor(async () => (await logged(subscription)).length >= 20, { what: 'the attempt log' });
    expect(new Set((await logged(subscription)).map(({ status, before }) => `${status} ${before}`))).toEqual(new Set(['success 0']));
  });

  it('wake a pull that waits', async () => {
    const topic = await makeTopic(one);
    const subscription = await subscribe(one, topic, { maxInFlight: 1 });
    await publish(one, topic, { n: 1 });
    const [held] = await pullAll(one, subscription, 1);
    const waiting = pull(one, subscription, { waitMs: 20_000 });
    await giveBack(one, subscription, [held!]);
    expect(numbersOf(await waiting)).toEqual([1]);
  });

  it('keep the attempts that had failed before', async () => {
    const topic = await makeTopic(one);
    const subscription = await subscribe(one, topic, { maxAttempts: 2 });
    await publish(one, topic, { n: 1 });
    await failed(subscription, await pullAll(one, subscription, 1));
    for (let nth = 0; nth < 3; nth++) {
      const second = await pullAll(one, subscription, 1);
      expect(second).toMatchObject([{ attempt: 2 }]);
      await giveBack(one, subscription, second);
      expect(await rows(subscription)).toEqual([{ status: 'waiting', attempts: 1, error: 'broken' }]);
    }
    await failed(subscription, await pullAll(one, subscription, 1));
    expect(await rows(subscription)).toEqual([{ status: 'dead', attempts: 2, error: 'broken' }]);
  });

  it('keep the order of their key', async () => {
    const topic = await makeTopic(one);
    const subscription = await subscribe(one, topic, { isOrdered: true });
    await publishMany(one, topic, 1, 3, () => ({ key: 'k' }));
    await giveBack(other, subscription, await pullAll(one, subscription, 1));
    const seen: number[] = [];
    while (seen.length < 3) {
      const messages = await pullAll(one, subscription, 1);
      seen.push(...numbersOf(messages));
      await ack(one, subscription, messages);
    }
    expect(seen).toEqual([1, 2, 3]);
  });

  it('are refused by code where somebody else has them, one by one', async () => {
    const topic = await makeTopic(one);
    const [subscription, another] = [await subscribe(one, topic), await subscribe(one, topic)];
    await publishMany(one, topic, 1, 3);
    const [first, second, third] = await pullAll(one, subscription, 3);
    await failed(subscription, [third!]);
    const ofLedger = await pullAll(one, subscription, 1);
    expect((await giveBack(one, another, [first!, ...ofLedger])).body).toMatchObject({ settled: 0, refused: [{ code: 'MQ_RECEIPT_EXPIRED' }, { code: 'MQ_RECEIPT_EXPIRED' }] });
    await ack(one, subscription, [first!]);
    const { body } = await giveBack(one, subscription, [first!, second!, ...ofLedger, { ...first!, receipt: 'nonsense' }]);
    expect(body.settled).toBe(2);
    expect(body.refused).toMatchObject([{ receipt: 'nonsense', code: 'MQ_RECEIPT_INVALID' }, { receipt: first!.receipt, code: 'MQ_RECEIPT_EXPIRED' }]);
    expect((await giveBack(one, subscription, ofLedger)).body).toMatchObject({ settled: 0, refused: [{ code: 'MQ_RECEIPT_EXPIRED' }] });
  });

  it('cannot be given back with a delay', async () => {
    const topic = await makeTopic(one);
    const subscription = await subscribe(one, topic);
    await publish(one, topic, { n: 1 });
    const messages = await pullAll(one, subscription, 1);
    expect(await giveBack(one, subscription, messages, { delayMs: 0 })).toMatchObject({ status: 422, body: { code: 'INVALID_INPUT' } });
    expect((await ack(one, subscription, messages)).settled).toBe(1);
  });
});

describe('a consumer of the SDK that stops', () => {
  it('gives back what it has not begun without counting an attempt', async () => {
    const topic = await makeTopic(one);
    const subscription = await subscribe(one, topic, { maxAttempts: 1 });
    await publishMany(one, topic, 1, 10);
    // the credential of this API is a header of its own
    const asTester: typeof fetch = (url, init) => fetch(url, { ...init, headers: { ...(init?.headers as Record<string, string>), 'x-test-caller': '0' } });
    const client = createClient({ url: one.url, apiKey: 'ang_test', fetch: asTester });
    let finish: () => void = () => undefined;
    const consumer = client.consume(subscription.id, () => new Promise<void>((resolve) => (finish = resolve)), { concurrency: 1, batchSize: 10, waitMs: 100 });
    await waitFor(async () => ((await bench.redis.xpending(`bench:topics:{${topic.id}/0}`, subscription.id).catch(() => [0])) as [number])[0] === 10, { what: 'all to be with the consumer' });
    const stopping = consumer.stop();
    const given = await pullAll(other, subscription, 9);
    finish();
    await stopping;
    expect(new Set(given.map(({ attempt }) => attempt))).toEqual(new Set([1]));
    expect((await ack(other, subscription, given)).settled).toBe(9);
  });
});
