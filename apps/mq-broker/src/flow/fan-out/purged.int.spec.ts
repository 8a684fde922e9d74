import { PurgeTopic } from '@angarium/contracts/broker-api';
import { stopAfterTests, waitFor } from '@angarium/testing';
import { makeTopic, numbersOf, publish, publishMany, pull, pullAll, startFlowBench, subscribe, type FlowBench } from '../../testing/flow-bench/start-flow-bench.js';
import type { Replica } from '../../testing/flow-bench/start-replica.js';

let bench: FlowBench;
let one: Replica;
let other: Replica;
beforeAll(async () => {
  bench = await startFlowBench();
  [one, other] = await Promise.all([bench.replica(), bench.replica()]);
});
afterAll(() => bench.close());
stopAfterTests(); // below, as it stops the servers

const inStream = (topic: { readonly id: string }) => bench.redis.xlen(one.flow.addresses.topicStream(topic.id, 0));
const isAppended = (topic: { readonly id: string }) => waitFor(async () => (await inStream(topic)) === 5, { what: 'the append' });

describe('what was purged', () => {
  it('is given to nobody, also while the streams still hold it', async () => {
    const topic = await makeTopic(one);
    const subscription = await subscribe(one, topic);
    await publishMany(one, topic, 1, 5);
    await isAppended(topic);
    // a purge that Redis and the other replicas have not heard of
    await bench.sql.execute('UPDATE broker.topic_partitions SET first_offset = next_offset WHERE topic_id = $1', [topic.id]);
    await bench.sql.execute('UPDATE broker.message_topics SET updated_at = clock_timestamp() WHERE id = $1', [topic.id]);
    for (const { flow } of [one, other]) await waitFor(() => flow.subscriptions.get(subscription.id)?.firstOffsets[0] === 6, { what: 'the look for changes' });
    await publish(one, topic, { n: 6 });
    expect(numbersOf(await pullAll(other, subscription, 1))).toEqual([6]);
    expect(await pull(one, subscription)).toEqual([]);
  });

  it('leaves the streams, and what is published afterwards is delivered', async () => {
    const topic = await makeTopic(one);
    const subscription = await subscribe(one, topic);
    await publishMany(one, topic, 1, 5);
    await isAppended(topic);
    expect((await other.call(PurgeTopic, { params: { name: topic.name } })).body).toEqual({ purgedMessages: 5 });
    await publish(other, topic, { n: 6 });
    await waitFor(() => one.flow.subscriptions.get(subscription.id)?.firstOffsets[0] === 6, { what: 'the signal' });
    expect(numbersOf(await pullAll(one, subscription, 1))).toEqual([6]);
    await waitFor(async () => (await inStream(topic)) <= 1, { what: 'the trim' });
  });
});
