import { GetMessage, PublishBatch, PublishDelayed, PublishMessage, PublishScheduled, PublishToTopic, PullMessages, type TopicView } from '@angarium/contracts/broker-api';
import type { RouteContract } from '@angarium/contracts';
import { stopAfterTests, waitFor } from '@angarium/testing';
import type { TestApi } from '../testing/start-test-api.js';
import { makeTopic, startFlowBench, subscribe, type FlowBench } from '../testing/flow-bench/start-flow-bench.js';
import { startReceiver, type Receiver } from '../testing/flow-bench/start-receiver.js';
import type { Replica } from '../testing/flow-bench/start-replica.js';

let bench: FlowBench;
let replica: Replica;
let receiver: Receiver;
beforeAll(async () => {
  bench = await startFlowBench();
  replica = await bench.replica();
  receiver = await startReceiver();
});
afterAll(async () => {
  await receiver.close();
  await bench.close();
});
stopAfterTests(); // below, as it stops the servers

const loose = '{ "id" : 12345678901234567890,\n\t"price": 1.10, "far": 1e400, "none": -0, "tiny": 0.00000001, "note": "a  b: 1.10\\u00e4" }';
const tight = '{"id":12345678901234567890,"price":1.10,"far":1e400,"none":-0,"tiny":0.00000001,"note":"a  b: 1.10\\u00e4"}';

/** A call of these very letters. */
async function send({ url }: TestApi, { method, path }: RouteContract, params: Readonly<Record<string, string>>, body?: string): Promise<string> {
  const where = path.replace(/\{(\w+)\}/g, (_, name: string) => params[name] ?? '');
  const answer = await fetch(`${url}${where}`, { method, headers: { 'x-test-caller': '0', ...(body !== undefined && { 'content-type': 'application/json' }) }, ...(body !== undefined && { body }) });
  expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return text;
}
/** The letters of all payloads that a pull answers with. */
async function pulled(subscription: { readonly id: string }, count: number): Promise<string[]> {
  const payloads: string[] = [];
  await waitFor(async () => {
    const text = await send(replica, PullMessages, { id: subscription.id }, '{"waitMs":500}');
    payloads.push(...[...text.matchAll(/"payload":(.*?)\}(?=,\{"receipt"|\]\}$)/gs)].map(([, payload]) => payload ?? ''));
    return payloads.length >= count;
  }, { what: 'the messages' });
  return payloads;
}
const named = (topic: TopicView, more = '') => `{"topic":"${topic.name}"${more},"payload": ${loose} }`;

describe('a payload', () => {
  it('comes out of a pull, a webhook and a look at the message with the letters it went in with', async () => {
    const topic = await makeTopic(replica);
    const subscription = await subscribe(replica, topic);
    await subscribe(replica, topic, { destination: { type: 'webhook', url: `${receiver.url}/letters` } });
    await send(replica, PublishMessage, {}, named(topic, ',"messageId":"letters-1","headers":{"n":"1.0"}'));
    expect(await pulled(subscription, 1)).toEqual([tight]);
    await waitFor(() => receiver.at('/letters').length === 1, { what: 'the webhook' });
    expect(receiver.at('/letters')[0]!.body).toContain(`"data":${tight}}`);
    const shown = await send(replica, GetMessage, { id: 'letters-1' });
    expect(shown).toContain(`"payload":${tight}`);
    expect(JSON.parse(shown)).toMatchObject({ messageId: 'letters-1', headers: { n: '1.0' }, payloadSize: Buffer.byteLength(tight) });
  });

  it.each(['commit', 'stream'])('keeps them on every way in, with the durability %s', async (durability) => {
    const topic = await makeTopic(replica, { durability });
    const subscription = await subscribe(replica, topic);
    await send(replica, PublishToTopic, { name: topic.name }, `{"payload":${loose}}`);
    await send(replica, PublishBatch, {}, `{"topic":"${topic.name}","messages":[{"payload":${loose}},{"payload":1.0},{"payload":[ 2 ]}]}`);
    await send(replica, PublishDelayed, {}, named(topic, ',"delayMs":1'));
    await send(replica, PublishScheduled, {}, named(topic, ',"at":"2020-01-01T00:00:00Z"'));
    expect((await pulled(subscription, 6)).sort()).toEqual([tight, tight, tight, tight, '1.0', '[2]'].sort());
  });

  it('is checked against the schema of its topic all the same', async () => {
    const topic = await makeTopic(replica, { schemaDefinition: { type: 'object', properties: { price: { type: 'number', maximum: 1 } } } });
    await expect(send(replica, PublishMessage, {}, named(topic))).rejects.toThrow('payload/price must be <= 1');
  });

  it('is limited by the letters that are kept', async () => {
    const small = await bench.replica({ env: { MAX_MESSAGE_SIZE: '1024' } });
    const topic = await makeTopic(replica);
    const zeros = (count: number) => `{"topic":"${topic.name}","payload":   1.${'0'.repeat(count)}   }`;
    await send(small, PublishMessage, {}, zeros(1_022));
    await expect(send(small, PublishMessage, {}, zeros(1_023))).rejects.toThrow('MQ_MESSAGE_TOO_LARGE');
    await small.close();
  });
});
