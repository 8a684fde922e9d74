import { NackMessages } from '@angarium/contracts/broker-api';
import { stopAfterTests, waitFor } from '@angarium/testing';
import { ack, makeTopic, numbers, numbersOf, publish, publishMany, pullAll, startFlowBench, subscribe, type FlowBench } from '../../testing/flow-bench/start-flow-bench.js';
import { startReceiver, type Receiver } from '../../testing/flow-bench/start-receiver.js';
import type { Replica } from '../../testing/flow-bench/start-replica.js';

let bench: FlowBench;
let one: Replica;
let other: Replica;
let receiver: Receiver;
beforeAll(async () => {
  bench = await startFlowBench();
  [one, other, receiver] = await Promise.all([bench.replica(), bench.replica(), startReceiver()]);
});
afterAll(async () => {
  await receiver.close();
  await bench.close();
});
stopAfterTests(); // below, as it stops the servers

const streamed = (settings: object = {}) => makeTopic(one, { durability: 'stream', ...settings });
const records = ({ id }: { readonly id: string }) =>
  bench.sql.query<{ offset: number; payload: { n: number } }>('SELECT offset_value::int AS offset, payload, message_id AS "messageId" FROM broker.message_records WHERE topic_id = $1 ORDER BY partition_id, offset_value', [id]);
const toBeRecorded = (topic: { readonly id: string }, count: number) => waitFor(async () => (await records(topic)).length === count, { what: `${count} records` });

describe('a topic with durability stream', () => {
  it('gives dense offsets to what two replicas publish at once, delivers it, and records it afterwards', async () => {
    const topic = await streamed();
    const subscription = await subscribe(one, topic, { maxInFlight: 1_000 });
    const published = await Promise.all(numbers(1, 100).map((n) => publish(n % 2 === 0 ? one : other, topic, { n })));
    expect(published.map(({ offset }) => offset).sort((a, b) => a - b)).toEqual(numbers(1, 100));
    const messages = await pullAll(other, subscription, 100);
    expect(numbersOf(messages).sort((a, b) => a - b)).toEqual(numbers(1, 100));
    expect((await ack(one, subscription, messages)).settled).toBe(100);
    await toBeRecorded(topic, 100);
    const byOffset = new Map(published.map(({ offset, messageId }) => [offset, messageId]));
    expect(await records(topic)).toMatchObject(numbers(1, 100).map((offset) => ({ offset, messageId: byOffset.get(offset) })));
  });

  it('knows a message id within its window, whichever replica it comes to', async () => {
    const topic = await streamed();
    const first = await publish(one, topic, { n: 1 }, { messageId: 'm-1' });
    expect(first).toMatchObject({ offset: 1, deduplicated: false });
    expect(await publish(other, topic, { n: 1 }, { messageId: 'm-1' })).toMatchObject({ offset: 1, deduplicated: true });
    expect(await publish(other, topic, { n: 2 }, { messageId: 'm-2' })).toMatchObject({ offset: 2, deduplicated: false });
  });

  it('takes batches, with the other kind beside it', async () => {
    const [fast, durable] = [await streamed({ partitionCount: 2 }), await makeTopic(one)];
    const subscriptions = [await subscribe(one, fast), await subscribe(one, durable)];
    await publishMany(one, fast, 1, 20, (n) => ({ ...(n % 2 === 0 && { topic: durable.name }) }));
    expect(numbersOf(await pullAll(one, subscriptions[0]!, 10)).sort((a, b) => a - b)).toEqual(numbers(1, 20).filter((n) => n % 2 === 1));
    expect(numbersOf(await pullAll(one, subscriptions[1]!, 10))).toEqual(numbers(1, 20).filter((n) => n % 2 === 0));
  });

  it('delivers what failed again, also when its record was not written yet', async () => {
    const topic = await streamed();
    const subscription = await subscribe(one, topic);
    await publish(one, topic, { n: 1 });
    const messages = await pullAll(one, subscription, 1);
    await toBeRecorded(topic, 1);
    await bench.sql.execute('DELETE FROM broker.message_records WHERE topic_id = $1', [topic.id]);
    await one.call(NackMessages, { params: { id: subscription.id }, body: { receipts: messages.map(({ receipt }) => receipt), delayMs: 0 } });
    expect(await pullAll(other, subscription, 1)).toMatchObject([{ payload: { n: 1 }, attempt: 2 }]);
    await toBeRecorded(topic, 1);
  });

  it('whose stream Redis lost goes on behind a gap, so that no number means two messages, also where the last ones were not recorded', async () => {
    const topic = await streamed();
    await publishMany(one, topic, 1, 5);
    await toBeRecorded(topic, 5);
    await bench.sql.execute('DELETE FROM broker.message_records WHERE topic_id = $1 AND offset_value > 3', [topic.id]);
    await bench.sql.execute('UPDATE broker.topic_partitions SET next_offset = 4 WHERE topic_id = $1', [topic.id]);
    await bench.redis.flushall();
    // both replicas find it missing
    const again = await Promise.all([publish(other, topic, { n: 6 }), publish(one, topic, { n: 7 })]);
    expect(again.map(({ offset }) => offset).sort()).toEqual([1_000_004, 1_000_005]);
    await bench.redis.flushall();
    expect((await publish(one, topic, { n: 8 })).offset).toBeGreaterThan(2_000_000);
  });

  it('that Redis lost before everything was consumed delivers what is recorded, and who had everything owes nothing of the gap', async () => {
    const topic = await streamed();
    const [behind, done] = [await subscribe(one, topic), await subscribe(one, topic)];
    const settled = async (subscription: { readonly id: string }) =>
      (await bench.sql.query<{ offset: number }>('SELECT settled_offset::int AS offset FROM broker.subscription_cursors WHERE subscription_id = $1', [subscription.id]))[0]?.offset;
    await publishMany(one, topic, 1, 5);
    await toBeRecorded(topic, 5);
    await ack(one, done, await pullAll(one, done, 5));
    await waitFor(async () => (await settled(done)) === 5, { what: 'the cursor to follow' });
    await bench.redis.flushall();
    expect(await publish(other, topic, { n: 6 })).toMatchObject({ offset: 1_000_006 });
    expect(await settled(done)).toBe(1_000_005);
    expect(numbersOf(await pullAll(one, behind, 6)).sort()).toEqual(numbers(1, 6));
    expect(numbersOf(await pullAll(one, done, 1))).toEqual([6]);
  });

  it('pushes webhooks at once', async () => {
    const topic = await streamed();
    await subscribe(one, topic, { destination: { type: 'webhook', url: `${receiver.url}/stream` } });
    await publish(other, topic, { n: 1 });
    await waitFor(() => receiver.at('/stream').length === 1, { what: 'the call' });
  });
});
