import { Redis } from 'ioredis';
import { startRedis, waitFor, type RunningServer } from '@angarium/testing';
import { RedisStreamsClient, type StreamMessage, type StreamsClientOptions } from '../index.js';
import { recordedLog } from '../recorded-log.js';

describe('subscribing', () => {
  let server: RunningServer;
  let redis: Redis;
  const clients: RedisStreamsClient[] = [];
  const connect = async (options: StreamsClientOptions = {}) => {
    const client = new RedisStreamsClient({ redisUrl: server.url, logger: recordedLog().logger, ...options });
    clients.push(client);
    await client.connect();
    return client;
  };
  /** Number of connections that block in Redis now. */
  const blocked = async () => Number(/blocked_clients:(\d+)/.exec(await redis.info('clients'))?.[1]);
  const untilBlocked = (count = 1) => waitFor(async () => (await blocked()) === count, { what: `${count} blocked readers` });

  beforeAll(async () => {
    server = await startRedis();
    redis = new Redis(server.url);
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((it) => it.disconnect()));
    await redis.flushall();
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  it('hears what is published after subscribing, with id, data and time, and nothing from before', async () => {
    const client = await connect();
    await client.publishMessage('news', 'before');
    const heard: StreamMessage[] = [];
    expect(await client.subscribe('news', (message) => void heard.push(message))).toBe(true);
    const id = await client.publishMessage('news', { text: 'after' });
    await waitFor(() => heard.length === 1, { what: 'the message' });
    expect(heard).toEqual([{ id, data: { text: 'after' }, timestamp: expect.any(Number) as number }]);
    expect(Math.abs(heard[0]!.timestamp - Date.now())).toBeLessThan(5_000);
  });

  it('misses nothing that is published while a callback is still running', async () => {
    const client = await connect({ defaultCount: 2 });
    const heard: number[] = [];
    const gates: (() => void)[] = [];
    await client.subscribe<number>('news', async ({ data }) => {
      await new Promise<void>((resolve) => gates.push(resolve));
      heard.push(data);
    });
    for (let at = 0; at < 20; at++) {
      await client.publishMessage('news', at);
      if (at % 3 === 0) gates.shift()?.();
    }
    await waitFor(() => (gates.shift()?.(), heard.length === 20), { what: 'twenty messages', everyMs: 1 });
    expect(heard).toEqual(Array.from({ length: 20 }, (_, at) => at));
  });

  it('reads from the beginning with 0 and after an id with that id', async () => {
    const client = await connect();
    const ids = await client.publishBatch('news', ['a', 'b', 'c']);
    const fromStart: string[] = [];
    const fromSecond: string[] = [];
    await client.subscribe<string>('news', ({ data }) => void fromStart.push(data), { startId: '0' });
    await client.subscribe<string>('news', ({ data }) => void fromSecond.push(data), { startId: ids[0]! });
    await waitFor(() => fromStart.length === 3 && fromSecond.length === 2, { what: 'both subscriptions' });
    await client.publishMessage('news', 'd');
    await waitFor(() => fromStart.length === 4 && fromSecond.length === 3, { what: 'the new message' });
    expect([fromStart, fromSecond]).toEqual([['a', 'b', 'c', 'd'], ['b', 'c', 'd']]);
  });

  it('calls back one at a time, in order', async () => {
    const client = await connect();
    let running = 0;
    const overlaps: number[] = [];
    const heard: number[] = [];
    await client.subscribe<number>('news', async ({ data }) => {
      overlaps.push(++running);
      await new Promise((resolve) => setImmediate(resolve));
      heard.push(data);
      running -= 1;
    });
    await client.publishBatch('news', Array.from({ length: 50 }, (_, at) => at));
    await waitFor(() => heard.length === 50, { what: 'fifty messages' });
    expect(heard).toEqual(Array.from({ length: 50 }, (_, at) => at));
    expect(Math.max(...overlaps)).toBe(1);
  });

  it('goes on after a callback that throws or rejects, and logs both without the data', async () => {
    const { logger, lines } = recordedLog();
    const client = await connect({ logger });
    const heard: string[] = [];
    await client.subscribe<string>('news', ({ data }) => {
      heard.push(data);
      if (data === 'throw') throw new Error('thrown soup');
      if (data === 'reject') return Promise.reject(new Error('rejected soup'));
      return undefined;
    });
    await client.publishBatch('news', ['throw', 'reject', 'fine']);
    await waitFor(() => heard.length === 3, { what: 'all three' });
    const failures = lines.filter(({ msg }) => msg === 'Message callback failed');
    expect(failures.map(({ reason, stream, level }) => [reason, stream, level])).toEqual([
      ['Error: thrown soup', 'news', 'error'],
      ['Error: rejected soup', 'news', 'error'],
    ]);
  });

  it('takes in a further stream at once although the reader is blocked for long', async () => {
    const client = await connect({ defaultBlockMs: 5_000 });
    const heard: string[] = [];
    await client.subscribe<string>('first', ({ data }) => void heard.push(data));
    await untilBlocked();
    const started = performance.now();
    await client.subscribe<string>('second', ({ data }) => void heard.push(data));
    await client.publishMessage('second', 'hello');
    await waitFor(() => heard.length === 1, { what: 'the message of the second stream', everyMs: 1 });
    expect(performance.now() - started).toBeLessThan(1_000);
    await untilBlocked();
  });

  it('hears a busy stream again at once when its callback is done, while another stream is quiet', async () => {
    const client = await connect();
    const heard: number[] = [];
    await client.subscribe('quiet', () => undefined);
    await client.subscribe<number>('busy', async ({ data }) => {
      await waitFor(async () => (await blocked()) === 1, { what: 'the reader blocks for the quiet stream', everyMs: 1 });
      heard.push(data);
    });
    const started = performance.now();
    for (let at = 0; at < 5; at++) {
      await client.publishMessage('busy', at);
      await waitFor(() => heard.length === at + 1, { what: `message ${at}`, everyMs: 1 });
    }
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it('uses one blocked connection however many streams there are, and none after the last one', async () => {
    const client = await connect();
    const heard = new Set<string>();
    const names = Array.from({ length: 12 }, (_, at) => `stream-${at}`);
    for (const name of names) await client.subscribe<string>(name, ({ data }) => void heard.add(data));
    for (const name of names) await client.publishMessage(name, name);
    await waitFor(() => heard.size === 12, { what: 'a message from each stream' });
    await untilBlocked(1);
    expect(String(await redis.client('LIST')).match(/name=streams-reader/g)).toHaveLength(1);
    for (const name of names) client.unsubscribe(name);
    await waitFor(async () => !String(await redis.client('LIST')).includes('name=streams-reader'), { what: 'the reader to be closed' });
  });

  it('hands over nothing more once unsubscribed, not even the rest of what was read', async () => {
    const client = await connect();
    const heard: number[] = [];
    await client.subscribe<number>('news', ({ data }) => {
      heard.push(data);
      if (data === 2) client.unsubscribe('news');
    });
    const other: number[] = [];
    await client.subscribe<number>('marker', ({ data }) => void other.push(data));
    await client.publishBatch('news', [1, 2, 3, 4]);
    await client.publishMessage('marker', 1);
    await waitFor(() => other.length === 1, { what: 'the marker' });
    expect(heard).toEqual([1, 2]);
    expect(client.getStatus().subscriptions).toEqual(['marker']);
    expect(client.unsubscribe('news')).toBe(false);
  });

  it('ends only the subscription of the callback that is named', async () => {
    const client = await connect();
    const one: number[] = [];
    const two: number[] = [];
    const first = ({ data }: StreamMessage<number>) => void one.push(data);
    await client.subscribe('news', first);
    await client.subscribe<number>('news', ({ data }) => void two.push(data));
    expect(client.unsubscribe('news', first)).toBe(true);
    await client.publishMessage('news', 1);
    await waitFor(() => two.length === 1, { what: 'the other subscription' });
    expect(one).toEqual([]);
    expect(client.getStatus().subscriptions).toEqual(['news']);
  });

  it('is not stopped by entries that others wrote: broken JSON, broken packing, no data, no time', async () => {
    const { logger, lines } = recordedLog();
    const client = await connect({ logger });
    const heard: StreamMessage[] = [];
    await client.subscribe('news', (message) => void heard.push(message));
    await redis.xadd('news', '1700000000000-0', 'data', '{broken-secret', 'timestamp', 'soon');
    await redis.xadd('news', '1700000000000-1', 'data', 'bm90IGd6aXA=', 'encoding', 'gzip+base64', 'timestamp', '1700000000009');
    await redis.xadd('news', '1700000000000-2', 'kind', 'pea', 'size', '2');
    await redis.xadd('news', '1700000000000-3', 'data', '"fine"');
    await waitFor(() => heard.length === 4, { what: 'all four' });
    expect(heard.map(({ data, timestamp }) => [data as unknown, timestamp])).toEqual([
      ['{broken-secret', 1700000000000],
      ['bm90IGd6aXA=', 1700000000009],
      [{ kind: 'pea', size: '2' }, 1700000000000],
      ['fine', 1700000000000],
    ]);
    expect(lines.filter(({ level }) => level === 'warn').map(({ messageId }) => messageId)).toEqual(['1700000000000-0', '1700000000000-1']);
    expect(JSON.stringify(lines)).not.toContain('broken-secret');
  });

  it('refuses a key that is no stream, and one that became none does not hold up the others', async () => {
    const { logger, lines } = recordedLog();
    const client = await connect({ logger });
    await redis.set('text', 'x');
    expect(await client.subscribe('text', () => undefined)).toBe(false);
    const heard: string[] = [];
    await client.subscribe<string>('good', ({ data }) => void heard.push(data));
    await client.subscribe<string>('turned', ({ data }) => void heard.push(data));
    await untilBlocked();
    await redis.set('turned', 'x');
    await client.publishMessage('good', 'wakes the reader');
    await waitFor(() => lines.some(({ msg, stream }) => stream === 'turned' && msg.startsWith('Stream cannot be read')), { what: 'the log line' });
    await client.publishMessage('good', 'second');
    await waitFor(() => heard.includes('second'), { what: 'the good stream' });
    await redis.del('turned');
    await client.publishMessage('turned', 'mended');
    await waitFor(() => heard.includes('mended'), { what: 'the mended stream' });
  });

  it('refuses a start id, count or wait that cannot be', async () => {
    const client = await connect({ failureMode: 'closed' });
    for (const options of [{ startId: 'soup' }, { count: 0 }, { blockMs: -1 }, { count: 1.5 }]) {
      await expect(client.subscribe('news', () => undefined, options)).rejects.toMatchObject({ code: 'STREAM_ARGUMENT_INVALID' });
    }
    await expect(client.subscribe('', () => undefined)).rejects.toMatchObject({ code: 'STREAM_ARGUMENT_INVALID' });
  });
});
