import { 
  CancelSchedule,
  CreateSubscription,
  DeleteTopic,
  GetTopic,
  ListDeadLetters,
  PublishBatch,
  PublishDelayed,
  PublishMessage,
  PublishScheduled,
  RedriveDeadLetters,
  type Published,
  type ScheduleView,
} from '@angarium/contracts/broker-api';
import { waitFor } from '@angarium/testing';
import { createClient } from './create-client.js';
import { FakeBroker, Refusal } from './fake-broker.js';

const published = (messageId = 'm-1'): Published => ({ messageId, topic: 'orders', partition: 0, offset: 1, publishedAt: '2026-11-20T08:30:00.000Z', deduplicated: false });
const schedule: ScheduleView = {
  id: '0190a6f0-7c1e-7b3a-9d52-3a5f6f1c2d4e',
  topic: 'orders',
  kind: 'once',
  status: 'waiting',
  dueAt: '2026-11-20T08:30:00.000Z',
  cron: null,
  timeZone: null,
  publishedCount: 0,
  lastMessageId: null,
  lastError: null,
  createdAt: '2026-11-20T08:30:00.000Z',
};

interface Order {
  orderId: string;
}

let broker: FakeBroker;
beforeEach(async () => {
  broker = await FakeBroker.start();
});
afterEach(() => broker.stop());
const client = (more = {}) => createClient<{ orders: Order }>({ url: `${broker.url}/`, apiKey: 'ang_test', retry: { firstDelayMs: 1 }, ...more });

describe('publishing', () => {
  it('sends topic, payload and options with the key, and answers with where the message lies', async () => {
    broker.on(PublishMessage, ({ body }) => published(body.messageId));
    const answer = await client().publish('orders', { orderId: 'o-1' }, { key: 'c-7', headers: { region: 'eu' }, messageId: 'mine' });
    expect(answer).toEqual(published('mine'));
    expect(broker.calls[0]?.headers.authorization).toBe('Bearer ang_test');
    expect(broker.callsOf(PublishMessage)).toEqual([{ topic: 'orders', payload: { orderId: 'o-1' }, key: 'c-7', headers: { region: 'eu' }, messageId: 'mine' }]);
  });

  it('refuses a payload that is not of the topic, at compile time', () => {
    // @ts-expect-error an order has no price
    const wrong = () => client().publish('orders', { price: 3 });
    // @ts-expect-error there is no such topic
    const unknown = () => client().publish('orderz', { orderId: 'o-1' });
    expect([wrong, unknown]).toHaveLength(2);
  });

  it('repeats a lost call with the message id of the first, so that the broker stores it once', async () => {
    const stored = new Set<string | undefined>();
    let calls = 0;
    broker.on(PublishMessage, ({ body, hangUp }) => {
      stored.add(body.messageId);
      return ++calls < 3 ? hangUp() : { ...published(body.messageId), deduplicated: true };
    });
    expect(await client().publish('orders', { orderId: 'o-1' })).toMatchObject({ deduplicated: true });
    expect(calls).toBe(3);
    expect([...stored]).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/)]);
  });

  it('waits while nobody listens, and is through when the broker is back', async () => {
    const { port, url } = broker;
    await broker.stop();
    const answer = createClient({ url, apiKey: 'a', retry: { firstDelayMs: 20, attempts: 10 } }).publish('orders', { orderId: 'o-1' });
    const failing = createClient({ url, apiKey: 'a', retry: { attempts: 1 } }).getTopic('orders');
    await expect(failing).rejects.toMatchObject({ code: 'CONNECTION_FAILED', isSent: false });
    broker = new FakeBroker();
    broker.on(PublishMessage, () => published());
    await broker.listen(port);
    expect(await answer).toEqual(published());
  });

  it('waits as long as the broker asks for', async () => {
    let calls = 0;
    let refusedAt = 0;
    broker.on(PublishMessage, () => {
      if (++calls > 1) return published();
      refusedAt = Date.now();
      throw new Refusal(429, 'MQ_RATE_LIMITED', 1);
    });
    await client().publish('orders', { orderId: 'o-1' });
    expect(Date.now() - refusedAt).toBeGreaterThanOrEqual(990);
  });

  it('throws what the broker answered last when tries are used up', async () => {
    broker.on(PublishMessage, () => {
      throw new Refusal(503, 'MQ_PUBLISH_FAILED', 0);
    });
    await expect(client({ retry: { attempts: 3, firstDelayMs: 1 } }).publish('orders', { orderId: 'o-1' })).rejects.toMatchObject({ code: 'MQ_PUBLISH_FAILED', status: 503, retryAfter: 0 });
    expect(broker.calls).toHaveLength(3);
  });

  it('throws at once what another try cannot cure', async () => {
    broker.on(PublishMessage, () => {
      throw new Refusal(422, 'MQ_PAYLOAD_INVALID');
    });
    await expect(client().publish('orders', { orderId: 'o-1' })).rejects.toMatchObject({ name: 'AngariumApiError', code: 'MQ_PAYLOAD_INVALID', message: 'MQ_PAYLOAD_INVALID.' });
    expect(broker.calls).toHaveLength(1);
  });

  it('gives every message of a batch an id that stays the same in every try', async () => {
    let calls = 0;
    broker.on(PublishBatch, ({ body, hangUp }) => (++calls < 2 ? hangUp() : { published: 2, failed: 0, results: body.messages.map(({ messageId }) => ({ ...published(messageId), ok: true as const })) }));
    await client().publishBatch([{ topic: 'orders', payload: { orderId: 'o-1' } }, { topic: 'orders', payload: { orderId: 'o-2' }, messageId: 'mine' }], { atomic: false });
    const [first, second] = broker.callsOf(PublishBatch) as { atomic: boolean; messages: { messageId: string }[] }[];
    expect(first).toEqual(second);
    expect(first?.atomic).toBe(false);
    expect(first?.messages.map(({ messageId }) => messageId)).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/), 'mine']);
  });
});

describe('other calls', () => {
  it('schedule by delay, time or cron', async () => {
    broker.on(PublishDelayed, () => schedule);
    broker.on(PublishScheduled, () => schedule);
    const it = client();
    await it.schedule('orders', { orderId: 'o-1' }, { delayMs: 60_000, key: 'c-7' });
    await it.schedule('orders', { orderId: 'o-1' }, { at: new Date('2026-12-24T18:00:00Z') });
    await it.schedule('orders', { orderId: 'o-1' }, { cron: '0 9 * * 1-5', timeZone: 'Europe/Berlin' });
    expect(broker.callsOf(PublishDelayed)).toEqual([{ topic: 'orders', payload: { orderId: 'o-1' }, delayMs: 60_000, key: 'c-7' }]);
    expect(broker.callsOf(PublishScheduled)).toMatchObject([{ at: '2026-12-24T18:00:00.000Z' }, { cron: '0 9 * * 1-5', timeZone: 'Europe/Berlin' }]);
  });

  it('are repeated under one idempotency key where the broker remembers it', async () => {
    let calls = 0;
    broker.on(RedriveDeadLetters, ({ hangUp }) => (++calls < 2 ? hangUp() : { redriven: 3, remaining: 0 }));
    expect(await client().redrive('0190a6f0-7c1e-7b3a-9d52-3a5f6f1c2d4e', { reason: 'timeout' })).toEqual({ redriven: 3, remaining: 0 });
    const keys = broker.calls.map(({ headers }) => headers['idempotency-key']);
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(keys[1]).toBe(keys[0]);
  });

  it('are not repeated when the second answer would be wrong', async () => {
    broker.on(DeleteTopic, ({ hangUp }) => hangUp());
    await expect(client().deleteTopic('orders', { force: true })).rejects.toMatchObject({ name: 'AngariumConnectionError', isSent: true });
    broker.on(CancelSchedule, ({ hangUp }) => hangUp());
    await expect(client().cancelSchedule(schedule.id)).rejects.toThrow('No answer from http://127.0.0.1');
    expect(broker.calls).toHaveLength(2);
  });

  it('put what they are asked for into path and query', async () => {
    broker.on(DeleteTopic, ({ params, query }) => ({ deletedMessages: params.name === 'a.b' && query.get('force') === 'true' ? 7 : 0, deletedSubscriptions: 0 }));
    expect(await client().deleteTopic('a.b', { force: true })).toEqual({ deletedMessages: 7, deletedSubscriptions: 0 });
    broker.on(ListDeadLetters, ({ query }) => ({ items: [], nextCursor: query.toString() }));
    expect(await client().deadLetters(schedule.id, { limit: 5, cursor: 'a b', reason: undefined })).toEqual({ items: [], nextCursor: 'limit=5&cursor=a+b' });
  });

  it('can be made by contract for routes that have no method', async () => {
    broker.on(CreateSubscription, () => {
      throw new Refusal(409, 'MQ_SUBSCRIPTION_EXISTS');
    });
    const body = { topic: 'orders', group: 'billing', destination: { type: 'pull' as const } };
    await expect(client().call(CreateSubscription, { body })).rejects.toMatchObject({ code: 'MQ_SUBSCRIPTION_EXISTS' });
    expect(broker.callsOf(CreateSubscription)).toMatchObject([body]);
  });

  it('end when they take longer than they may, and say so', async () => {
    broker.on(GetTopic, () => new Promise<never>(() => undefined));
    await expect(client({ timeoutMs: 50, retry: { attempts: 1 } }).getTopic('orders')).rejects.toMatchObject({ code: 'TIMEOUT', isSent: true, message: expect.stringContaining('within 50 ms') as string });
  });

  it('end at once when their signal aborts: before, between two tries, and while one is under way', async () => {
    broker.on(GetTopic, () => {
      throw new Refusal(503, 'UNAVAILABLE', 5);
    });
    const stopping = new AbortController();
    const startedAt = Date.now();
    const waiting = client().getTopic('orders', { signal: stopping.signal });
    broker.on(DeleteTopic, () => new Promise<never>(() => undefined));
    const running = client().deleteTopic('orders', { signal: stopping.signal });
    await waitFor(() => broker.calls.length === 2, { what: 'both calls' });
    const enough = new Error('enough');
    stopping.abort(enough);
    await expect(waiting).rejects.toBe(enough);
    await expect(running).rejects.toBe(enough);
    await expect(client().getTopic('orders', { signal: stopping.signal })).rejects.toBe(enough);
    expect(broker.calls).toHaveLength(2);
    expect(Date.now() - startedAt).toBeLessThan(4_000);
  });
});
