import { AckMessages, ExtendMessages, GetSubscription, NackMessages, PullMessages, type PulledMessage } from '@angarium/contracts/broker-api';
import { waitFor } from '@angarium/testing';
import { createClient } from '../create-client.js';
import { FakeBroker, Refusal } from '../fake-broker.js';
import { RetryLater } from './retry-later.js';
import type { ConsumeOptions, Consumer, ErrorContext, Handler } from './consumer.js';

const id = '0190a6f0-7c1e-7b3a-9d52-3a5f6f1c2d4e';

let broker: FakeBroker;
let queue: PulledMessage[];
let errors: { error: Error; context: ErrorContext }[];
let refuse: Set<string>;
let running: Consumer | undefined;
/** A pull that still waits must not take what the next test publishes. */
let endTest: () => void;

function message(n: number): PulledMessage {
  return { receipt: `r-${n}`, messageId: `m-${n}`, topic: 'orders', partition: 0, offset: n, type: 'orders', key: null, headers: {}, correlationId: null, publishedAt: '2026-11-20T08:30:00.000Z', attempt: 1, payload: { n } };
}

beforeEach(async () => {
  broker = await FakeBroker.start();
  queue = [];
  errors = [];
  refuse = new Set();
  running = undefined;
  let isOver = false;
  endTest = () => (isOver = true);
  broker.on(PullMessages, async ({ body }) => {
    await waitFor(() => queue.length > 0 || isOver, { what: 'a message', timeoutMs: body.waitMs }).catch(() => undefined);
    return { messages: isOver ? [] : queue.splice(0, body.max) };
  });
  for (const contract of [AckMessages, NackMessages, ExtendMessages]) {
    broker.on(contract, ({ body }) => {
      const refused = body.receipts.filter((receipt) => refuse.has(receipt)).map((receipt) => ({ receipt, code: 'MQ_RECEIPT_EXPIRED', message: 'Too late.' }));
      return { settled: body.receipts.length - refused.length, refused };
    });
  }
});
afterEach(async () => {
  endTest();
  await running?.stop({ withinMs: 0 });
  await broker.stop();
});

function consume(handler: Handler<{ n: number }>, how: ConsumeOptions = {}): Consumer {
  const client = createClient({ url: broker.url, apiKey: 'ang_test', retry: { firstDelayMs: 5, maxDelayMs: 50 } });
  running = client.consume(id, handler, { extendEveryMs: 15_000, waitMs: 30, onError: (error, context) => errors.push({ error, context }), ...how });
  return running;
}
const receiptsOf = (contract: Parameters<FakeBroker['callsOf']>[0]) => (broker.callsOf(contract) as { receipts: string[] }[]).flatMap(({ receipts }) => receipts);
const until = (condition: () => boolean, what: string) => waitFor(condition, { what, timeoutMs: 5_000 });

describe('a consumer', () => {
  it('hands over messages with their payload and acknowledges many in few calls', async () => {
    queue = Array.from({ length: 100 }, (_, i) => message(i));
    const seen: number[] = [];
    consume(({ payload }) => seen.push(payload.n), { concurrency: 20, batchSize: 100 });
    await until(() => receiptsOf(AckMessages).length === 100, '100 acks');
    expect(seen).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(broker.callsOf(AckMessages).length).toBeLessThan(20);
  });

  it('runs no more handlers at a time than it may', async () => {
    queue = Array.from({ length: 30 }, (_, i) => message(i));
    let now = 0;
    let most = 0;
    consume(async () => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      now--;
    }, { concurrency: 3 });
    await until(() => receiptsOf(AckMessages).length === 30, '30 acks');
    expect(most).toBe(3);
    expect((broker.callsOf(PullMessages) as { max: number }[]).every(({ max }) => max <= 6)).toBe(true);
  });

  it('gives back what its handler could not do, with the reason, and after the time that it names', async () => {
    queue = [message(1), message(2)];
    consume(({ payload }) => {
      throw payload.n === 1 ? new Error('no stock') : new RetryLater(60_000, 'closed until noon');
    });
    await until(() => receiptsOf(NackMessages).length === 2, 'two nacks');
    expect(broker.callsOf(NackMessages)).toEqual([
      { receipts: ['r-1'], reason: 'no stock' },
      { receipts: ['r-2'], delayMs: 60_000, reason: 'closed until noon' },
    ]);
    expect(errors.map(({ error, context }) => [error.message, context.during, context.message?.messageId])).toEqual([['no stock', 'handle', 'm-1']]);
    expect(receiptsOf(AckMessages)).toEqual([]);
  });

  it('extends messages whose handler is slow or which wait for one, and those only', async () => {
    queue = [message(1), message(2)];
    let finish: () => void = () => undefined;
    consume(() => new Promise<void>((resolve) => (finish = resolve)), { concurrency: 1, extendEveryMs: 40 });
    await until(() => broker.callsOf(ExtendMessages).length >= 2, 'two extensions');
    expect(broker.callsOf(ExtendMessages)[0]).toEqual({ receipts: ['r-1', 'r-2'] });
    finish();
    await until(() => receiptsOf(AckMessages).includes('r-1'), 'the first ack');
    const before = broker.callsOf(ExtendMessages).length;
    await until(() => broker.callsOf(ExtendMessages).length > before + 1, 'another extension');
    expect(broker.callsOf(ExtendMessages).at(-1)).toEqual({ receipts: ['r-2'] });
    finish();
  });

  it('asks for the ack timeout of the subscription and extends at half of it', async () => {
    broker.on(GetSubscription, () => { throw new Refusal(503, 'UNAVAILABLE', 0); });
    queue = [message(1)];
    consume(() => undefined, { extendEveryMs: undefined });
    await until(() => errors.length > 0, 'a first failure');
    broker.on(GetSubscription, () => subscription());
    await until(() => receiptsOf(AckMessages).length === 1, 'the ack');
  });

  it('tells a handler that the message went to somebody else, and does not settle it then', async () => {
    queue = [message(1)];
    refuse.add('r-1');
    let isAborted = false;
    consume((_message, { signal }) => new Promise<void>((resolve) => signal.addEventListener('abort', () => { isAborted = true; resolve(); })), { extendEveryMs: 20 });
    await until(() => isAborted, 'the signal');
    await running?.stop();
    expect(errors.map(({ error, context }) => [(error as { code?: string }).code, context.during])).toEqual([['MQ_RECEIPT_EXPIRED', 'extend']]);
    expect([...receiptsOf(AckMessages), ...receiptsOf(NackMessages)]).toEqual([]);
  });

  it('reports an ack that came too late', async () => {
    queue = [message(1)];
    refuse.add('r-1');
    consume(() => undefined);
    await until(() => errors.length === 1, 'the report');
    expect(errors[0]).toMatchObject({ error: { code: 'MQ_RECEIPT_EXPIRED' }, context: { during: 'settle' } });
  });

  it('goes on when the broker comes back, and acknowledges then what it did meanwhile', async () => {
    queue = [message(1)];
    const finish: (() => void)[] = [];
    consume(() => new Promise<void>((resolve) => finish.push(resolve)), { waitMs: 0 });
    await until(() => finish.length === 1, 'the first handler');
    const { port } = broker;
    await broker.stop();
    finish[0]!();
    await until(() => errors.some(({ context }) => context.during === 'settle') && errors.some(({ context }) => context.during === 'pull'), 'both failures');
    await broker.listen(port);
    await until(() => receiptsOf(AckMessages).includes('r-1'), 'the first ack');
    queue.push(message(2));
    await until(() => finish.length === 2, 'the second handler');
    finish[1]!();
    await until(() => receiptsOf(AckMessages).includes('r-2'), 'the second ack');
  });

  it('does not send a storm of calls at a broker that answers at once with nothing', async () => {
    broker.on(PullMessages, () => ({ messages: [] }));
    const startedAt = Date.now();
    consume(() => undefined);
    await until(() => broker.calls.length >= 5, 'five pulls');
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(180);
  });

  it('ends with the error that no waiting cures', async () => {
    broker.on(PullMessages, () => { throw new Refusal(404, 'MQ_SUBSCRIPTION_NOT_FOUND'); });
    expect(await consume(() => undefined).ended).toMatchObject({ code: 'MQ_SUBSCRIPTION_NOT_FOUND' });
    expect(broker.calls).toHaveLength(1);
  });

  it('waits where the subscription is paused', async () => {
    let isPaused = true;
    broker.on(PullMessages, () => {
      if (!isPaused) return { messages: queue.splice(0) };
      throw new Refusal(409, 'MQ_SUBSCRIPTION_PAUSED', 0);
    });
    queue = [message(1)];
    consume(() => undefined);
    await until(() => errors.length > 1, 'two refusals');
    isPaused = false;
    await until(() => receiptsOf(AckMessages).length === 1, 'the ack');
  });
});

describe('stopping a consumer', () => {
  it('finishes what runs, gives back at once what has not begun, and loses no ack', async () => {
    queue = [message(1), message(2), message(3)];
    let finish: () => void = () => undefined;
    const consumer = consume(() => new Promise<void>((resolve) => (finish = resolve)), { concurrency: 1, batchSize: 4 });
    await until(() => queue.length === 0 && broker.callsOf(PullMessages).length === 2, 'all taken, and another pull');
    const stopped = consumer.stop();
    await until(() => receiptsOf(NackMessages).length === 2, 'two given back');
    expect(broker.callsOf(NackMessages)).toEqual([{ receipts: ['r-2', 'r-3'], release: true }]);
    expect(receiptsOf(AckMessages)).toEqual([]);
    finish();
    await stopped;
    expect(receiptsOf(AckMessages)).toEqual(['r-1']);
    expect(await consumer.ended).toBeUndefined();
  });

  it('gives back also what a pull brings that was under way', async () => {
    const consumer = consume(() => undefined, { waitMs: 2_000 });
    await until(() => broker.callsOf(PullMessages).length === 1, 'a pull');
    const stopped = consumer.stop();
    queue.push(message(1));
    await stopped;
    expect(broker.callsOf(NackMessages)).toEqual([{ receipts: ['r-1'], release: true }]);
    expect(broker.callsOf(PullMessages)).toHaveLength(1);
  });

  it('waits no longer than it is told: the signal aborts and the message is given back', async () => {
    queue = [message(1)];
    let signal: AbortSignal | undefined;
    const consumer = consume((_message, context) => {
      ({ signal } = context);
      return new Promise<never>(() => undefined);
    }, { waitMs: 30_000 });
    await until(() => broker.callsOf(PullMessages).length === 2, 'a second pull');
    await consumer.stop({ withinMs: 20 });
    expect(signal?.aborted).toBe(true);
    expect(broker.callsOf(NackMessages)).toEqual([{ receipts: ['r-1'], delayMs: 0, reason: 'the consumer stopped before its handler ended' }]);
  });

  it('ends also while the broker is away, and may be asked for twice', async () => {
    const consumer = consume(() => undefined);
    await broker.stop();
    await Promise.all([consumer.stop(), consumer.stop()]);
    await broker.listen(0);
  });
});

it('refuses a concurrency of nothing', () => {
  expect(() => consume(() => undefined, { concurrency: 0 })).toThrow('concurrency is 0. Use a whole number from 1.');
});

function subscription() {
  return {
    id,
    topicId: id,
    topic: 'orders',
    group: 'billing',
    name: 'default',
    destination: { type: 'pull' as const },
    filter: null,
    maxInFlight: 100,
    batchSize: 100,
    ackTimeoutMs: 30_000,
    maxAttempts: 10,
    retry: { kind: 'list' as const, delaysMs: [1_000], jitterPercent: 20 },
    deadLetterTopic: null,
    isOrdered: false,
    offsetReset: 'latest' as const,
    status: 'active' as const,
    disabledReason: null,
    breaker: 'closed' as const,
    tenantId: id,
    version: 1,
    createdAt: '2026-11-20T08:30:00.000Z',
    updatedAt: '2026-11-20T08:30:00.000Z',
    lastConsumedAt: null,
    cursors: [],
    waitingCount: 0,
    deadCount: 0,
  };
}
