import { NackMessages, RedriveDeadLetters, DeleteTopic, ListDeadLetters } from '@angarium/contracts/broker-api';
import { stopAfterTests, waitFor } from '@angarium/testing';
import { ack, makeTopic, publish, publishMany, pull, pullAll, startFlowBench, subscribe, type FlowBench } from '../../../testing/flow-bench/start-flow-bench.js';
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

const giveUp = async (subscription: { readonly id: string }, count: number, reason = 'no good') => {
  const receipts = (await pullAll(one, subscription, count)).map(({ receipt }) => receipt);
  await one.call(NackMessages, { params: { id: subscription.id }, body: { receipts, reason } });
};
const deadLetters = async ({ id }: { readonly id: string }) => (await one.call(ListDeadLetters, { params: { id } })).body.items;

describe('a dead letter topic', () => {
  it('gets what a subscription gives up, with where it came from and why, once', async () => {
    const graveyard = await makeTopic(one, { partitionCount: 3 });
    const topic = await makeTopic(one);
    const subscription = await subscribe(one, topic, { maxAttempts: 1, deadLetterTopic: graveyard.name });
    const mourner = await subscribe(one, graveyard);
    const { messageId } = await publish(one, topic, { n: 1 }, { key: 'k', headers: { a: 'b' }, type: 'order.made', correlationId: 'c' });
    await giveUp(subscription, 1);
    const copies = await pullAll(other, mourner, 1);
    expect(copies).toMatchObject([
      {
        ...{ type: 'order.made', key: 'k', correlationId: 'c', payload: { n: 1 }, topic: graveyard.name },
        headers: { a: 'b', 'dead-letter-of': messageId, 'dead-letter-topic': topic.name, 'dead-letter-reason': 'no good' },
      },
    ]);
    expect(await deadLetters(subscription)).toMatchObject([{ messageId }]);
    await ack(one, mourner, copies);
    // it dies again after a redrive: that is another death
    await one.call(RedriveDeadLetters, { params: { id: subscription.id }, body: {} });
    await giveUp(subscription, 1, 'still no good');
    expect(await pullAll(one, mourner, 1)).toMatchObject([{ headers: { 'dead-letter-of': messageId, 'dead-letter-reason': 'still no good' } }]);
    expect(await pull(one, mourner)).toEqual([]);
  });

  it('that was deleted loses nothing: the subscription keeps its dead letters', async () => {
    const graveyard = await makeTopic(one);
    const topic = await makeTopic(one);
    const subscription = await subscribe(one, topic, { maxAttempts: 1, deadLetterTopic: graveyard.name });
    await publishMany(one, topic, 1, 2);
    await one.call(DeleteTopic, { params: { name: graveyard.name } });
    await giveUp(subscription, 2);
    await waitFor(async () => (await deadLetters(subscription)).length === 2, { what: 'the dead letters' });
  });
});
