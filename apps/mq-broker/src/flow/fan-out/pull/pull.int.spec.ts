import { ExtendMessages, GetSubscription, NackMessages, PauseSubscription, PullMessages, ReplaySubscription, ResumeSubscription, type PulledMessage } from '@angarium/contracts/broker-api';
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
const receiptsOf = (messages: readonly PulledMessage[]) => messages.map(({ receipt }) => receipt);
const nack = async (replica: Replica, { id }: Named, messages: readonly PulledMessage[], more: object = {}) => (await replica.call(NackMessages, { params: { id }, body: { receipts: receiptsOf(messages), ...more } })).body;
const extend = async (replica: Replica, { id }: Named, messages: readonly PulledMessage[]) => (await replica.call(ExtendMessages, { params: { id }, body: { receipts: receiptsOf(messages) } })).body;
const deliveries = ({ id }: Named) =>
  bench.sql.query<{ status: string; attempts: number; error: string | null }>('SELECT status, attempts, last_error AS error FROM broker.deliveries WHERE subscription_id = $1 ORDER BY partition_id, offset_value', [id]);
const attempts = ({ id }: Named) =>
  bench.sql.query<{ status: string; before: number; error: string | null }>('SELECT status, retry_count AS before, error_message AS error FROM broker.consumption_records WHERE subscription_id = $1 ORDER BY consumed_at, retry_count', [id]);
const lag = async ({ id }: Named) => (await one.call(GetSubscription, { params: { id } })).body.cursors.reduce((sum, it) => sum + it.lag, 0);
const again = (replica: Replica, subscription: Named, count = 1) => pullAll(replica, subscription, count);
const quick = { ackTimeoutMs: 1_000, retry: { kind: 'list', delaysMs: [0], jitterPercent: 0 } };

describe('pull', () => {
  it('gives messages as they were published, oldest first, and each once', async () => {
    const topic = await makeTopic(one);
    const subscription = await subscribe(one, topic);
    const first = await publish(one, topic, { total: 1.5, list: [null, 'ü'] }, { key: 'k-1', headers: { region: 'eu' }, type: 'order.made', correlationId: 'c-1', messageId: 'm-1' });
    await publishMany(other, topic, 2, 6);
    const messages = await pullAll(other, subscription, 6);
    const { receipt, ...shown } = messages[0]!;
    expect(receipt).toMatch(/^s\./);
    expect(shown).toEqual({
      ...{ messageId: 'm-1', topic: topic.name, partition: 0, offset: 1, type: 'order.made', key: 'k-1', attempt: 1, correlationId: 'c-1' },
      ...{ headers: { region: 'eu' }, publishedAt: first.publishedAt, payload: { total: 1.5, list: [null, 'ü'] } },
    });
    expect(numbersOf(messages.slice(1))).toEqual(numbers(2, 6));
    expect(await pull(one, subscription)).toEqual([]);
    // acknowledged at another replica than the one that gave them
    expect(await ack(one, subscription, messages)).toEqual({ settled: 6, refused: [] });
    await waitFor(async () => (await lag(subscription)) === 0, { what: 'the lag to be gone' });
    await waitFor(async () => (await attempts(subscription)).length === 6, { what: 'the attempt log' });
    expect(new Set((await attempts(subscription)).map(({ status, before }) => `${status} ${before}`))).toEqual(new Set(['success 0']));
  });

  it('shared by two consumers gives every message to one of them, over all partitions', async () => {
    const topic = await makeTopic(one, { partitionCount: 4 });
    const subscription = await subscribe(one, topic, { maxInFlight: 1_000 });
    await publishMany(one, topic, 1, 200);
    const seen: number[] = [];
    const consume = async (replica: Replica) => {
      while (seen.length < 200) {
        const messages = await pull(replica, subscription, { max: 7, waitMs: 200 });
        seen.push(...numbersOf(messages));
        await ack(replica, subscription, messages);
      }
    };
    await Promise.all([consume(one), consume(other)]);
    expect(seen.sort((a, b) => a - b)).toEqual(numbers(1, 200));
  });

  it('waits for a message and is woken by its publish at another replica', async () => {
    const topic = await makeTopic(one);
    const subscription = await subscribe(one, topic);
    const waiting = pull(other, subscription, { waitMs: 20_000 });
    await waitFor(async () => (await bench.redis.exists(`bench:topics:{${topic.id}/0}:head`)) === 1, { what: 'the pull to have looked' });
    const started = performance.now();
    await publish(one, topic, { n: 1 });
    expect(numbersOf(await waiting)).toEqual([1]);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it('without a message answers with nothing when its time is up, or when its caller has gone', async () => {
    const topic = await makeTopic(one);
    const subscription = await subscribe(one, topic);
    expect(await pull(one, subscription, { waitMs: 50 })).toEqual([]);
    const gone = new AbortController();
    const waiting = one.flow.pull.pull((await one.flow.subscriptions.find(subscription.id))!, 10, 20_000, () => gone.signal);
    await Promise.race([waiting, waitFor(async () => (await bench.redis.xinfo('GROUPS', `bench:topics:{${topic.id}/0}`) as unknown[]).length === 1, { what: 'the pull to have looked' })]);
    gone.abort();
    expect(await waiting).toEqual([]);
    // nobody takes in the name of the one that has gone
    await publish(one, topic, { n: 1 });
    expect(numbersOf(await pullAll(one, subscription, 1))).toEqual([1]);
  });

  it('gives no more than maxInFlight until some are settled', async () => {
    const topic = await makeTopic(one, { partitionCount: 2 });
    const subscription = await subscribe(one, topic, { maxInFlight: 5 });
    await publishMany(one, topic, 1, 12);
    const first = await pullAll(one, subscription, 5);
    expect(await pull(other, subscription)).toEqual([]);
    await ack(one, subscription, first.slice(0, 2));
    expect(await pullAll(other, subscription, 2)).toHaveLength(2);
    expect(await pull(one, subscription)).toEqual([]);
  });

  it('gives no more than the batch size of the subscription at once', async () => {
    const topic = await makeTopic(one);
    const subscription = await subscribe(one, topic, { batchSize: 3 });
    await publishMany(one, topic, 1, 5);
    await waitFor(async () => (await bench.redis.xlen(`bench:topics:{${topic.id}/0}`)) === 5, { what: 'the messages' });
    expect(await pull(one, subscription, { max: 100 })).toHaveLength(3);
  });
});

describe('a message that need not be delivered', () => {
  it('because the filter does not want it, is settled silently, however many there are', async () => {
    const topic = await makeTopic(one);
    const subscription = await subscribe(one, topic, { filter: { 'payload.n': { $gte: 300 } }, batchSize: 20, maxInFlight: 20 });
    await publishMany(one, topic, 1, 301);
    const wanted = await pullAll(one, subscription, 2);
    expect(numbersOf(wanted)).toEqual([300, 301]);
    await ack(one, subscription, wanted);
    await waitFor(async () => (await lag(subscription)) === 0, { what: 'the lag to be gone' });
    await waitFor(async () => (await attempts(subscription)).length === 2, { what: 'the attempt log' });
  });

  it('because it expired, is settled and never seen', async () => {
    const topic = await makeTopic(one);
    const subscription = await subscribe(one, topic);
    await publish(one, topic, { n: 1 }, { expiresInMs: 1 });
    await publish(one, topic, { n: 2 }, { expiresInMs: 60_000 });
    expect(numbersOf(await ackAll(subscription, 1))).toEqual([2]);
    await waitFor(async () => (await lag(subscription)) === 0, { what: 'the lag to be gone' });
  });

  it('because it expired before its retry, ends there, and the attempt log says so', async () => {
    const topic = await makeTopic(one);
    const subscription = await subscribe(one, topic);
    const { publishedAt } = await publish(one, topic, { n: 1 }, { expiresInMs: 1_500 });
    await nack(one, subscription, await pullAll(one, subscription, 1), { delayMs: 0 });
    await waitFor(() => Date.now() > new Date(publishedAt).getTime() + 1_500, { what: 'it to expire' });
    await waitFor(async () => {
      expect(await pull(one, subscription)).toEqual([]);
      return (await deliveries(subscription)).every(({ status }) => status === 'delivered');
    }, { what: 'the row to end' });
    await waitFor(async () => (await attempts(subscription)).some(({ status }) => status === 'expired'), { what: 'the attempt log' });
  });
  const ackAll = async (subscription: Named, count: number) => {
    const messages = await pullAll(one, subscription, count);
    await ack(one, subscription, messages);
    return messages;
  };
});

describe('a message that its consumer gives back', () => {
  it('is given again as the next attempt, to whoever asks', async () => {
    const topic = await makeTopic(one);
    const subscription = await subscribe(one, topic);
    await publish(one, topic, { n: 1 });
    expect(await nack(other, subscription, await pullAll(one, subscription, 1), { delayMs: 0, reason: 'not in the mood' })).toEqual({ settled: 1, refused: [] });
    expect(await deliveries(subscription)).toMatchObject([{ attempts: 1, error: 'not in the mood' }]);
    const [second] = await again(other, subscription);
    expect(second).toMatchObject({ payload: { n: 1 }, attempt: 2 });
    expect(second!.receipt).toMatch(/^l\./);
    await nack(one, subscription, [second!], { delayMs: 0 });
    const third = await again(one, subscription);
    expect(third).toMatchObject([{ attempt: 3 }]);
    expect(await ack(other, subscription, third)).toEqual({ settled: 1, refused: [] });
    expect(await deliveries(subscription)).toMatchObject([{ status: 'delivered' }]);
    await waitFor(async () => (await attempts(subscription)).length === 3, { what: 'the attempt log' });
    expect((await attempts(subscription)).map(({ status, before }) => [status, before])).toEqual([['retrying', 0], ['retrying', 1], ['success', 2]]);
  });

  it('with a delay waits so long, and the messages behind it do not', async () => {
    const topic = await makeTopic(one);
    const subscription = await subscribe(one, topic);
    await publishMany(one, topic, 1, 2);
    await nack(one, subscription, (await pullAll(one, subscription, 2)).slice(0, 1), { delayMs: 1_000 });
    const back = performance.now();
    await publish(one, topic, { n: 3 });
    expect(numbersOf(await pullAll(one, subscription, 1))).toEqual([3]);
    expect(numbersOf(await again(one, subscription))).toEqual([1]);
    expect(performance.now() - back).toBeGreaterThan(990);
  });

  it('too often is a dead letter with its last reason', async () => {
    const topic = await makeTopic(one);
    const subscription = await subscribe(one, topic, { maxAttempts: 2 });
    await publish(one, topic, { n: 1 });
    await nack(one, subscription, await pullAll(one, subscription, 1), { delayMs: 0, reason: 'first' });
    await nack(one, subscription, await again(one, subscription), { delayMs: 0, reason: 'second' });
    expect(await deliveries(subscription)).toEqual([{ status: 'dead', attempts: 2, error: 'second' }]);
    expect(await bench.sql.query('SELECT status FROM broker.message_records WHERE topic_id = $1', [topic.id])).toEqual([{ status: 'dead_letter' }]);
    expect(await pull(one, subscription)).toEqual([]);
  });

  it('waits as its retry policy says where it names no delay', async () => {
    const topic = await makeTopic(one);
    const subscription = await subscribe(one, topic, { retry: { kind: 'list', delaysMs: [60_000], jitterPercent: 0 } });
    await publish(one, topic, { n: 1 });
    await nack(one, subscription, await pullAll(one, subscription, 1));
    const [row] = await bench.sql.query<{ wait: number }>(`SELECT extract(epoch FROM next_attempt_at - now())::float8 AS wait FROM broker.deliveries WHERE subscription_id = $1`, [subscription.id]);
    expect(row!.wait).toBeGreaterThan(55);
    expect(row!.wait).toBeLessThanOrEqual(60);
  });
});

describe('a receipt', () => {
  it('that comes too late is refused by code, and the message is with somebody else', async () => {
    const topic = await makeTopic(one);
    const subscription = await subscribe(one, topic, quick);
    await publishMany(one, topic, 1, 2);
    const late = await pullAll(one, subscription, 2);
    const taken = await again(other, subscription, 2);
    expect(taken.map(({ attempt }) => attempt)).toEqual([2, 2]);
    for (const settle of [ack, nack, extend]) {
      const { settled, refused } = await settle(one, subscription, late);
      expect([settled, refused.map(({ code }) => code)]).toEqual([0, ['MQ_RECEIPT_EXPIRED', 'MQ_RECEIPT_EXPIRED']]);
    }
    expect(refusedReceipts(await ack(one, subscription, [...late, taken[0]!]))).toEqual(receiptsOf(late).sort());
    expect(await ack(other, subscription, taken.slice(1))).toEqual({ settled: 1, refused: [] });
    expect(await deliveries(subscription)).toMatchObject([{ status: 'delivered' }, { status: 'delivered' }]);
    await waitFor(async () => (await attempts(subscription)).length === 4, { what: 'the attempt log' });
    expect((await attempts(subscription))[0]).toMatchObject({ status: 'retrying', error: 'ack timeout: not acknowledged within 1000 ms' });
  });

  it('that comes too late leaves an attempt in the log that began with the pull and had the time it was given', async () => {
    const topic = await makeTopic(one);
    const subscription = await subscribe(one, topic, { ...quick, maxAttempts: 3 });
    await publish(one, topic, { n: 1 });
    const pulledAt: number[] = [];
    for (const attempt of [1, 2]) {
      expect(await again(one, subscription)).toMatchObject([{ attempt }]);
      pulledAt.push(Date.now());
    }
    const logged = () =>
      bench.sql.query<{ at: Date; ms: number }>('SELECT consumed_at AS at, processing_time_ms AS ms FROM broker.consumption_records WHERE subscription_id = $1 ORDER BY retry_count', [subscription.id]);
    await waitFor(async () => (await logged()).length === 2, { what: 'both attempts' });
    const [ofStream, ofLedger] = await logged();
    expect([ofStream!.ms, ofLedger!.ms]).toEqual([1_000, 1_000]);
    // of an entry in Redis it is known as well as it is looked after, which is every second
    expect(Math.abs(ofStream!.at.getTime() - pulledAt[0]!)).toBeLessThan(2_000);
    expect(ofStream!.at.getTime()).toBeLessThan(pulledAt[1]! - 900);
    expect(Math.abs(ofLedger!.at.getTime() - pulledAt[1]!)).toBeLessThan(500);
  });

  it('tells how long its message took since it was published, not since it was pulled', async () => {
    const topic = await makeTopic(one);
    const subscription = await subscribe(one, topic);
    const replica = await bench.replica();
    const { publishedAt } = await publish(one, topic, { n: 1 });
    await publish(one, topic, { n: 2 });
    await waitFor(() => Date.now() >= new Date(publishedAt).getTime() + 1_500, { what: 'the messages to grow old' });
    const [ofStream, second] = await pullAll(one, subscription, 2);
    await nack(one, subscription, [second!], { delayMs: 0 });
    await ack(replica, subscription, [ofStream!, ...(await again(one, subscription))]);
    const told = await replica.metrics.registry.metrics();
    const took = (figure: string) => Number(new RegExp(`^angarium_mq_publish_delivered_seconds_${figure}\\{[^}]*destination="pull"[^}]*\\} (\\S+)$`, 'm').exec(told)?.[1]);
    expect(took('count')).toBe(2);
    expect(took('sum')).toBeGreaterThan(2.9);
    await replica.close();
  });

  it('of the ledger that comes too late is refused too, and changes nothing', async () => {
    const topic = await makeTopic(one);
    const subscription = await subscribe(one, topic, quick);
    await publish(one, topic, { n: 1 });
    await nack(one, subscription, await pullAll(one, subscription, 1), { delayMs: 0 });
    const late = await again(one, subscription);
    const taken = await again(other, subscription);
    expect(taken).toMatchObject([{ attempt: 3 }]);
    for (const settle of [ack, nack, extend]) expect((await settle(one, subscription, late)).refused).toMatchObject([{ code: 'MQ_RECEIPT_EXPIRED', receipt: late[0]!.receipt }]);
    expect(await deliveries(subscription)).toMatchObject([{ status: 'in_flight', attempts: 3 }]);
    expect((await ack(one, subscription, taken)).settled).toBe(1);
  });

  it('that is extended again and again holds its message far beyond the timeout', async () => {
    const topic = await makeTopic(one);
    const subscription = await subscribe(one, topic, quick);
    await publishMany(one, topic, 1, 2);
    const [ofStream, second] = await pullAll(one, subscription, 2);
    await nack(one, subscription, [second!], { delayMs: 0 });
    const held = [ofStream!, ...(await again(one, subscription))];
    const until = performance.now() + 3_500;
    await waitFor(async () => {
      expect(await extend(other, subscription, held)).toEqual({ settled: 2, refused: [] });
      expect(await pull(one, subscription)).toEqual([]);
      return performance.now() > until;
    }, { what: 'three timeouts', everyMs: 200 });
    expect(await ack(one, subscription, held)).toEqual({ settled: 2, refused: [] });
  });

  it('that is none, is another subscription’s, or is used twice is refused one by one', async () => {
    const topic = await makeTopic(one);
    const [mine, yours] = [await subscribe(one, topic), await subscribe(one, topic)];
    await publishMany(one, topic, 1, 2);
    const [message, another] = await pullAll(one, mine, 2);
    await pullAll(one, yours, 1);
    const outcome = await ack(one, mine, [{ receipt: 'nonsense' }, message!, message!]);
    expect(outcome).toMatchObject({ settled: 1, refused: [{ receipt: 'nonsense', code: 'MQ_RECEIPT_INVALID' }] });
    expect((await ack(one, mine, [message!])).refused).toMatchObject([{ code: 'MQ_RECEIPT_EXPIRED' }]);
    await nack(one, mine, [another!], { delayMs: 0 });
    const ofLedger = await again(one, mine);
    await waitFor(async () => (await deliveries(mine))[0]?.status === 'in_flight', { what: 'the lease' });
    await ack(one, yours, ofLedger);
    expect(await ack(one, mine, ofLedger)).toEqual({ settled: 1, refused: [] });
  });
});

describe('an ordered pull subscription', () => {
  it('gives the oldest message of each key, and a key whose head was given back waits for it', async () => {
    const topic = await makeTopic(one, { partitionCount: 2 });
    const subscription = await subscribe(one, topic, { isOrdered: true });
    await publishMany(one, topic, 1, 8, (n) => ({ key: n % 2 === 0 ? 'even' : 'odd', partition: 0 }));
    const heads = await pullAll(one, subscription, 2);
    expect(numbersOf(heads).sort()).toEqual([1, 2]);
    expect(await pull(other, subscription)).toEqual([]);
    const [odd, even] = heads.sort((a, b) => a.offset - b.offset);
    await nack(one, subscription, [odd!], { delayMs: 700 });
    await ack(one, subscription, [even!]);
    const seen = [2];
    while (seen.length < 8) {
      const [next] = await pullAll(one, subscription, 1);
      seen.push(...numbersOf([next!]));
      await ack(other, subscription, [next!]);
    }
    expect(seen.filter((n) => n % 2 === 0)).toEqual([2, 4, 6, 8]);
    expect(seen.filter((n) => n % 2 === 1)).toEqual([1, 3, 5, 7]);
    expect(seen.indexOf(4)).toBeLessThan(seen.indexOf(1));
  });
});

describe('a replay', () => {
  it('gives one subscription everything again, and no other notices', async () => {
    const topic = await makeTopic(one);
    const [mine, other_] = [await subscribe(one, topic), await subscribe(one, topic)];
    await publishMany(one, topic, 1, 30);
    await ack(one, mine, await pullAll(one, mine, 30));
    await ack(one, other_, await pullAll(one, other_, 30));
    await one.call(ReplaySubscription, { params: { id: mine.id }, body: { fromOffset: 11 } });
    const replayed = await pullAll(other, mine, 20);
    expect(numbersOf(replayed).sort((a, b) => a - b)).toEqual(numbers(11, 30));
    expect((await ack(one, mine, replayed)).settled).toBe(20);
    expect(await pull(one, other_)).toEqual([]);
  });
});

describe('who may pull', () => {
  it('a subscription that is paused gives nothing until it is resumed; nobody else’s is seen; a webhook is pushed', async () => {
    const topic = await makeTopic(one, { allowedConsumers: ['tester'] });
    const subscription = await subscribe(one, topic);
    const { id } = subscription;
    const pulling = async (as = bench.acme, which = id) => (await one.call(PullMessages, { as, params: { id: which }, body: { max: 1, waitMs: 0 } })).body.code;
    await one.call(PauseSubscription, { params: { id } });
    expect(await pulling()).toBe('MQ_SUBSCRIPTION_PAUSED');
    await one.call(ResumeSubscription, { params: { id }, body: {} });
    expect(await pulling()).toBeUndefined();
    expect(await pulling(bench.acmeBilling)).toBe('MQ_CONSUMER_NOT_ALLOWED');
    expect(await pulling(bench.globex)).toBe('MQ_SUBSCRIPTION_NOT_FOUND');
    expect(await pulling(bench.acme, topic.id)).toBe('MQ_SUBSCRIPTION_NOT_FOUND');
    const webhook = await subscribe(one, topic, { destination: { type: 'webhook', url: 'http://127.0.0.1:9/' }, offsetReset: 'latest' });
    expect(await pulling(bench.acme, webhook.id)).toBe('MQ_NOT_A_PULL_SUBSCRIPTION');
  });
});

describe('a replica that stops', () => {
  it('answers those who wait at once, and what they had not got is with the other', async () => {
    const topic = await makeTopic(one);
    const subscription = await subscribe(one, topic);
    const stopping = await bench.replica();
    const waiting = pull(stopping, subscription, { waitMs: 20_000 });
    await waitFor(async () => (await bench.redis.exists(`bench:topics:{${topic.id}/0}:head`)) === 1, { what: 'the pull to have looked' });
    const started = performance.now();
    await stopping.flow.stopDelivering(1_000);
    expect(await waiting).toEqual([]);
    expect(performance.now() - started).toBeLessThan(5_000);
    await publish(one, topic, { n: 1 });
    expect(numbersOf(await pullAll(other, subscription, 1))).toEqual([1]);
    await stopping.close();
  });
});

describe('after Redis lost everything', () => {
  it('old receipts are refused, and what was not acknowledged is given again', async () => {
    const topic = await makeTopic(one);
    const subscription = await subscribe(one, topic);
    await publishMany(one, topic, 1, 5);
    const before = await pullAll(one, subscription, 5);
    await ack(one, subscription, before.slice(0, 2));
    await waitFor(async () => (await lag(subscription)) === 3, { what: 'the cursor' });
    await bench.redis.flushall();
    const after = await pullAll(other, subscription, 3);
    expect(numbersOf(after)).toEqual([3, 4, 5]);
    expect((await ack(one, subscription, before.slice(2))).refused.map(({ code }) => code)).toEqual(Array(3).fill('MQ_RECEIPT_EXPIRED'));
    expect(await ack(one, subscription, after)).toEqual({ settled: 3, refused: [] });
  });
});

function refusedReceipts({ refused }: { readonly refused: readonly { readonly receipt: string }[] }): string[] {
  return refused.map(({ receipt }) => receipt).sort();
}
