import { DeleteTopic, GetTopic, PublishBatch, PublishMessage, PublishToTopic, UpdateTopic } from '@angarium/contracts/broker-api';
import { stopAfterTests, waitFor } from '@angarium/testing';
import { makeTopic, numbers, numbersOf, publish, publishMany, pullAll, startFlowBench, subscribe, type FlowBench } from '../../testing/flow-bench/start-flow-bench.js';
import type { Replica } from '../../testing/flow-bench/start-replica.js';

let bench: FlowBench;
let one: Replica;
let small: Replica;
beforeAll(async () => {
  bench = await startFlowBench();
  [one, small] = await Promise.all([bench.replica(), bench.replica({ env: { MAX_MESSAGE_SIZE: '1024', MQ_PUBLISH_RATE: '5', MAX_QUEUE_LENGTH: '3' } })]);
});
afterAll(() => bench.close());
stopAfterTests(); // below, as it stops the servers

const refusal = async (replica: Replica, body: object, as = bench.acme) => {
  const answer = await replica.call(PublishMessage, { as, body });
  return [answer.status, answer.body.code];
};
const change = async ({ name }: { readonly name: string }, settings: object) => {
  const { headers } = await one.call(GetTopic, { params: { name } });
  return one.call(UpdateTopic, { params: { name }, headers: { 'if-match': headers.get('etag')! }, body: settings });
};
const stored = async ({ id }: { readonly id: string }) => (await bench.sql.query('SELECT FROM broker.message_records WHERE topic_id = $1', [id])).length;
const batch = (replica: Replica, topic: string | undefined, messages: readonly object[], atomic = true) => replica.call(PublishBatch, { body: { ...(topic && { topic }), messages, atomic } });

describe('a publish', () => {
  it('is answered with its place, and what was stored is what was sent', async () => {
    const topic = await makeTopic(one, { partitionCount: 3 });
    const subscription = await subscribe(one, topic);
    const answer = await one.call(PublishToTopic, { params: { name: topic.name }, body: { payload: { n: 1 }, partition: 2, messageId: 'mine' } });
    expect(answer).toMatchObject({ status: 201, body: { messageId: 'mine', topic: topic.name, partition: 2, offset: 1, deduplicated: false } });
    expect(await publish(one, topic, { n: 1 }, { messageId: 'mine' })).toMatchObject({ partition: 2, offset: 1, deduplicated: true });
    expect(await pullAll(one, subscription, 1)).toMatchObject([{ messageId: 'mine', partition: 2, offset: 1, type: topic.name, key: null, headers: {} }]);
  });

  it('with a key goes to the same partition every time, without one to each in turn', async () => {
    const topic = await makeTopic(one, { partitionCount: 4 });
    const keyed = await Promise.all(numbers(1, 8).map((n) => publish(one, topic, { n }, { key: 'customer-7' })));
    expect(new Set(keyed.map(({ partition }) => partition)).size).toBe(1);
    const spread = await Promise.all(numbers(1, 8).map((n) => publish(one, topic, { n })));
    expect(spread.map(({ partition }) => partition).sort()).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
  });

  it('is refused by code where there is no such topic or partition, or where the topic is somebody else’s or the system’s', async () => {
    const topic = await makeTopic(one);
    expect(await refusal(one, { topic: 'none', payload: 1 })).toEqual([404, 'MQ_QUEUE_NOT_FOUND']);
    expect(await refusal(one, { topic: topic.name, payload: 1 }, bench.globex)).toEqual([404, 'MQ_QUEUE_NOT_FOUND']);
    expect(await refusal(one, { topic: topic.name, payload: 1, partition: 1 })).toEqual([422, 'MQ_PARTITION_UNKNOWN']);
  });

  it('is refused by code where the topic is paused or archived, and is taken again as soon as it is active', async () => {
    const topic = await makeTopic(one);
    await publish(one, topic, 1);
    await change(topic, { status: 'paused' });
    expect(await refusal(one, { topic: topic.name, payload: 1 })).toEqual([409, 'MQ_TOPIC_PAUSED']);
    await waitFor(async () => (await refusal(small, { topic: topic.name, payload: 1 }))[1] === 'MQ_TOPIC_PAUSED', { what: 'the other replica to hear of it' });
    await change(topic, { status: 'archived' });
    expect(await refusal(one, { topic: topic.name, payload: 1 })).toEqual([409, 'MQ_TOPIC_ARCHIVED']);
    await change(topic, {});
    expect((await publish(one, topic, 1)).offset).toBe(2);
  });

  it('is refused where the API key is not among the producers, or the payload does not fit the schema', async () => {
    const schemaDefinition = { type: 'object', required: ['total'], properties: { total: { type: 'number' } } };
    const topic = await makeTopic(one, { allowedProducers: ['billing'], schemaDefinition });
    expect(await refusal(one, { topic: topic.name, payload: { total: 1 } })).toEqual([403, 'MQ_PRODUCER_NOT_ALLOWED']);
    expect(await refusal(one, { topic: topic.name, payload: { total: 'x' } }, bench.acmeBilling)).toEqual([422, 'MQ_PAYLOAD_INVALID']);
    expect((await publish(one, topic, { total: 1 }, {}, bench.acmeBilling)).offset).toBe(1);
  });

  it('is refused where it is too large, nested too deep, or holds what Postgres cannot', async () => {
    const topic = await makeTopic(one);
    expect(await refusal(small, { topic: topic.name, payload: 'x'.repeat(1_023) })).toEqual([413, 'MQ_MESSAGE_TOO_LARGE']);
    const deep = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));
    expect(await refusal(one, { topic: topic.name, payload: deep(201) })).toEqual([422, 'INVALID_INPUT']);
    expect((await publish(one, topic, deep(200))).offset).toBe(1);
    expect((await publish(one, topic, `${'['.repeat(300)}"\\`)).offset).toBe(2);
    expect(await refusal(one, { topic: topic.name, payload: 1, key: 'a\u0000b' })).toEqual([422, 'INVALID_INPUT']);
    expect(await stored(topic)).toBe(2);
  });

  it('faster than the rate of the tenant is told when to come again', async () => {
    const topic = await makeTopic(one, {}, bench.globex);
    const answers = [];
    for (let n = 0; n < 12; n++) answers.push(await small.call(PublishMessage, { as: bench.globex, body: { topic: topic.name, payload: n } }));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]!.body).toMatchObject({ code: 'MQ_RATE_LIMITED', retryAfter: expect.any(Number) as number });
  });

  it('to a topic whose slowest subscription has too much waiting is refused, until it is consumed', async () => {
    const topic = await makeTopic(one, { maxQueueLength: 3 });
    const subscription = await subscribe(one, topic);
    await publishMany(one, topic, 1, 3);
    await waitFor(async () => (await refusal(one, { topic: topic.name, payload: 1 }))[1] === 'MQ_QUEUE_FULL', { what: 'the limit to be seen' });
    expect(await refusal(one, { topic: topic.name, payload: 1 })).toEqual([507, 'MQ_QUEUE_FULL']);
    await bench.sql.execute('UPDATE broker.subscription_cursors SET settled_offset = 100 WHERE subscription_id = $1', [subscription.id]);
    await waitFor(async () => (await refusal(one, { topic: topic.name, payload: 1 }))[0] === 201, { what: 'room' });
  });

  it('to a topic that was deleted a moment ago is refused and not lost in silence', async () => {
    const topic = await makeTopic(one);
    await publish(small, topic, 1);
    await one.call(DeleteTopic, { params: { name: topic.name } });
    // this replica may not have heard of it yet: the commit finds out
    expect((await refusal(small, { topic: topic.name, payload: 1 }))[0]).toBe(404);
  });
});

describe('a batch', () => {
  it('that is atomic stores all, or none where one message is bad, and names that one', async () => {
    const topic = await makeTopic(one, { partitionCount: 2 });
    const good = numbers(1, 5).map((n) => ({ payload: { n }, partition: n % 2 }));
    expect((await batch(one, topic.name, good)).body).toMatchObject({ published: 5, failed: 0 });
    const answer = await batch(one, topic.name, [...good, { payload: 1, partition: 9 }]);
    expect(answer).toMatchObject({ status: 422, body: { code: 'MQ_PARTITION_UNKNOWN', message: expect.stringContaining('messages[5]') as string, details: { index: 5 } } });
    expect(await stored(topic)).toBe(5);
  });

  it('that is not atomic stores the good ones and says of each bad one why', async () => {
    const [topic, other] = [await makeTopic(one), await makeTopic(one, { durability: 'stream' })];
    const messages = [{ payload: { n: 1 } }, { payload: 1, topic: 'none' }, { payload: { n: 2 }, topic: other.name }, { payload: 1, partition: 7 }, { payload: { n: 3 } }];
    const { status, body } = await batch(one, topic.name, messages, false);
    expect([status, body.published, body.failed]).toEqual([201, 3, 2]);
    expect(body.results.map((it) => (it.ok ? it.offset : it.error.code))).toEqual([1, 'MQ_QUEUE_NOT_FOUND', 1, 'MQ_PARTITION_UNKNOWN', 2]);
    expect((await batch(one, topic.name, [{ payload: 1, partition: 7 }], false)).body).toMatchObject({ published: 0, failed: 1 });
  });

  it('with one message id twice stores it once and says so', async () => {
    const topic = await makeTopic(one);
    const { body } = await batch(one, topic.name, [{ payload: 1, messageId: 'a' }, { payload: 2, messageId: 'a' }, { payload: 3 }]);
    expect(body.results).toMatchObject([{ offset: 1, deduplicated: false }, { offset: 1, deduplicated: true }, { offset: 2 }]);
  });

  it('without a topic anywhere, or larger than 5 MiB, is refused and stores nothing', async () => {
    const topic = await makeTopic(one);
    expect((await batch(one, undefined, [{ payload: 1 }])).body).toMatchObject({ code: 'INVALID_INPUT' });
    // past the limit of this API's bodies
    const large = numbers(1, 6).map(() => ({ topic: topic.name, payload: 'x'.repeat(900_000) }));
    for (const publishing of [one.flow.publish.publishAll(bench.acme, large), one.flow.publish.publishEach(bench.acme, large)]) await expect(publishing).rejects.toMatchObject({ code: 'MQ_BATCH_TOO_LARGE' });
    expect(await stored(topic)).toBe(0);
  });
});

describe('a service of this system', () => {
  it('publishes past keys and rates, and the contract’s events land in the system’s topics', async () => {
    const topic = await makeTopic(one, { allowedProducers: [] });
    const subscription = await subscribe(one, topic);
    for (const n of numbers(1, 12)) await small.flow.publish.publishAs(bench.acme.tenantId, topic.name, { payload: { n } }, 'scheduler');
    expect(numbersOf(await pullAll(one, subscription, 12))).toEqual(numbers(1, 12));
  });

  it('but nobody publishes to a topic of the system in its name', async () => {
    const topic = await makeTopic(one, {}, bench.system);
    expect(await refusal(one, { topic: topic.name, payload: 1 })).toEqual([403, 'MQ_SYSTEM_TOPIC']);
    expect((await publish(one, topic, 1, {}, bench.system)).offset).toBe(1);
  });
});
