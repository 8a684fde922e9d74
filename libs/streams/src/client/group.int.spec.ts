import { Redis } from 'ioredis';
import { startRedis, waitFor, type RunningServer } from '@angarium/testing';
import { RedisStreamsClient, type StreamsClientOptions } from '../index.js';
import { recordedLog } from '../recorded-log.js';

describe('consuming in a group', () => {
  let server: RunningServer;
  let redis: Redis;
  const clients: RedisStreamsClient[] = [];
  const connect = async (options: StreamsClientOptions = {}) => {
    const client = new RedisStreamsClient({ redisUrl: server.url, logger: recordedLog().logger, ...options });
    clients.push(client);
    await client.connect();
    return client;
  };
  const pending = async (group = 'cooks') => Number((await redis.xpending('soups', group))[0]);
  const nonePending = () => waitFor(async () => (await pending()) === 0, { what: 'nothing pending' });
  const range = (length: number) => Array.from({ length }, (_, at) => at);

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

  it('gives each message to one consumer of the group, and all of them to each group', async () => {
    const one = await connect();
    const two = await connect();
    const byGroup: Record<string, number[]> = { cooks: [], waiters: [] };
    await one.consumeFromGroup<number>('soups', 'cooks', 'anna', ({ data }) => void byGroup['cooks']?.push(data));
    await two.consumeFromGroup<number>('soups', 'cooks', 'bert', ({ data }) => void byGroup['cooks']?.push(data));
    await two.consumeFromGroup<number>('soups', 'waiters', 'carl', ({ data }) => void byGroup['waiters']?.push(data));
    await one.publishBatch('soups', range(200));
    await waitFor(() => byGroup['cooks']?.length === 200 && byGroup['waiters']?.length === 200, { what: 'all messages in both groups' });
    await nonePending();
    expect(byGroup['cooks']?.toSorted((a, b) => a - b)).toEqual(range(200));
    expect(byGroup['waiters']).toEqual(range(200));
  });

  it('creates a group that begins now with $ and at the oldest message with 0', async () => {
    const client = await connect();
    await client.publishMessage('soups', 'old');
    expect(await client.createConsumerGroup('soups', 'new-only')).toBe(true);
    expect(await client.createConsumerGroup('soups', 'all', '0')).toBe(true);
    expect(await client.createConsumerGroup('soups', 'all', '0')).toBe(true);
    await client.publishMessage('soups', 'new');
    const heard: Record<string, string[]> = { 'new-only': [], all: [] };
    for (const group of Object.keys(heard)) await client.consumeFromGroup<string>('soups', group, 'anna', ({ data }) => void heard[group]?.push(data));
    await waitFor(() => heard['all']?.length === 2 && heard['new-only']?.length === 1, { what: 'both groups' });
    expect(heard).toEqual({ 'new-only': ['new'], all: ['old', 'new'] });
  });

  it('acknowledges only after the callback has ended', async () => {
    const client = await connect();
    let finish: () => void = () => undefined;
    let isRunning = false;
    await client.consumeFromGroup('soups', 'cooks', 'anna', async () => {
      isRunning = true;
      await new Promise<void>((resolve) => (finish = resolve));
    });
    await client.publishMessage('soups', 1);
    await waitFor(() => isRunning, { what: 'the callback' });
    expect(await pending()).toBe(1);
    finish();
    await nonePending();
  });

  it('leaves a message pending when its callback fails, goes on, and hands it over again later', async () => {
    const client = await connect();
    const heard: string[] = [];
    await client.consumeFromGroup<string>(
      'soups',
      'cooks',
      'anna',
      ({ data }) => {
        heard.push(data);
        if (data === 'bad' && heard.filter((it) => it === 'bad').length < 3) throw new Error('burnt');
      },
      { reclaimIdleMs: 100 },
    );
    await client.publishBatch('soups', ['bad', 'good']);
    await waitFor(() => heard.length === 4, { what: 'two more attempts' });
    await nonePending();
    expect(heard).toEqual(['bad', 'good', 'bad', 'bad']);
  });

  it('acknowledges nothing by itself without autoAck; acknowledgeMessages settles many at once', async () => {
    const { logger, lines } = recordedLog();
    const client = await connect({ logger });
    const ids: string[] = [];
    await client.consumeFromGroup('soups', 'cooks', 'anna', ({ id }) => void ids.push(id), { autoAck: false });
    await client.publishBatch('soups', range(3));
    await waitFor(() => ids.length === 3, { what: 'three messages' });
    expect(await pending()).toBe(3);
    expect(await client.acknowledgeMessages('soups', 'cooks', ...ids)).toBe(3);
    expect(await client.acknowledgeMessages('soups', 'cooks', ...ids)).toBe(0);
    expect(await client.acknowledgeMessages('soups', 'cooks')).toBe(0);
    expect(await pending()).toBe(0);
    expect(lines).toContainEqual(expect.objectContaining({ level: 'debug', msg: 'Message acknowledged', stream: 'soups', group: 'cooks', count: 3 }));
  });

  it('takes over what a consumer that died had been given, however much it was', async () => {
    const client = await connect();
    await client.publishBatch('soups', range(300));
    await redis.xgroup('CREATE', 'soups', 'cooks', '0');
    await redis.xreadgroup('GROUP', 'cooks', 'dead', 'COUNT', 250, 'STREAMS', 'soups', '>');
    const heard: number[] = [];
    await client.consumeFromGroup<number>('soups', 'cooks', 'anna', ({ data }) => void heard.push(data), { reclaimIdleMs: 200 });
    await waitFor(() => heard.length === 300, { what: 'all messages' });
    await nonePending();
    expect(heard.toSorted((a, b) => a - b)).toEqual(range(300));
  });

  it('takes up what it had been given in an earlier life under the same name', async () => {
    const client = await connect();
    await client.publishMessage('soups', 'left over');
    await redis.xgroup('CREATE', 'soups', 'cooks', '0');
    await redis.xreadgroup('GROUP', 'cooks', 'anna', 'STREAMS', 'soups', '>');
    const heard: string[] = [];
    await client.consumeFromGroup<string>('soups', 'cooks', 'anna', ({ data }) => void heard.push(data), { reclaimIdleMs: 50 });
    await waitFor(() => heard.length === 1, { what: 'the message' });
    await nonePending();
  });

  it('keeps a message whose callback takes much longer than reclaimIdleMs, and those waiting behind it', async () => {
    const slow = await connect();
    const other = await connect();
    const handled: string[] = [];
    let finish: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (finish = resolve));
    let begun = 0;
    await slow.consumeFromGroup<number>(
      'soups',
      'cooks',
      'anna',
      async ({ data }) => {
        begun += 1;
        await gate;
        handled.push(`anna ${data}`);
      },
      { reclaimIdleMs: 500 },
    );
    await slow.publishBatch('soups', range(3));
    await waitFor(() => begun === 1, { what: 'the slow callback' });
    await other.consumeFromGroup<number>('soups', 'cooks', 'bert', ({ data }) => void handled.push(`bert ${data}`), { reclaimIdleMs: 500 });
    const idle = async () => Math.max(...(await redis.xpending('soups', 'cooks', '-', '+', 10)).map((row) => Number((row as unknown[])[2])));
    const started = performance.now();
    const idles: number[] = [];
    await waitFor(async () => (idles.push(await idle()), performance.now() - started > 1_500), { what: 'three times the idle limit to pass' });
    expect(Math.max(...idles)).toBeLessThan(500);
    finish();
    await nonePending();
    expect(handled).toEqual(['anna 0', 'anna 1', 'anna 2']);
  });

  it('does not begin a waiting message that another consumer has taken', async () => {
    const client = await connect();
    let finish: () => void = () => undefined;
    const heard: number[] = [];
    await client.consumeFromGroup<number>(
      'soups',
      'cooks',
      'anna',
      async ({ data }) => {
        heard.push(data);
        if (data === 0) await new Promise<void>((resolve) => (finish = resolve));
      },
      { reclaimIdleMs: 200 },
    );
    const ids = await client.publishBatch('soups', range(3));
    await waitFor(() => heard.length === 1, { what: 'the first callback' });
    await redis.xclaim('soups', 'cooks', 'thief', 0, ids[1]!, 'JUSTID');
    const rows = async () => (await redis.xpending('soups', 'cooks', '-', '+', 10)) as [string, string, number, number][];
    // The upkeep has looked since when it has renewed the first message once more.
    const stolenAt = performance.now();
    await waitFor(async () => (await rows())[0]![2] < 40 && performance.now() - stolenAt > 100, { what: 'one more pass of the upkeep', everyMs: 1 });
    finish();
    await waitFor(() => heard.includes(2), { what: 'the third message' });
    expect(heard).toEqual([0, 2]);
  });

  it('makes a group again from the start when it is gone, and misses nothing', async () => {
    const { logger, lines } = recordedLog();
    const client = await connect({ logger });
    const heard: string[] = [];
    await client.consumeFromGroup<string>('soups', 'cooks', 'anna', ({ data }) => void heard.push(data), { reclaimIdleMs: 100 });
    await client.publishMessage('soups', 'before');
    await waitFor(() => heard.length === 1, { what: 'the first message' });
    await redis.flushall();
    const writer = await connect();
    await writer.publishBatch('soups', ['after', 'later']);
    await waitFor(() => heard.length === 3, { what: 'the messages after the flush' });
    await nonePending();
    expect(heard).toEqual(['before', 'after', 'later']);
    expect(lines).toContainEqual(expect.objectContaining({ level: 'warn', stream: 'soups', group: 'cooks', msg: expect.stringContaining('group was gone') as string }));
  });

  it('reads several streams of one consumer name through one blocked connection', async () => {
    const client = await connect();
    const heard: string[] = [];
    for (const stream of ['soups', 'salads', 'sweets']) await client.consumeFromGroup<string>(stream, 'cooks', 'anna', ({ data }) => void heard.push(data));
    for (const stream of ['soups', 'salads', 'sweets']) await client.publishMessage(stream, stream);
    await waitFor(() => heard.length === 3, { what: 'a message of each stream' });
    expect(String(await redis.client('LIST')).match(/name=streams-reader/g)).toHaveLength(1);
  });

  it('refuses a second consumer of the same name, until the first is stopped', async () => {
    const client = await connect({ failureMode: 'closed' });
    await client.consumeFromGroup('soups', 'cooks', 'anna', () => undefined);
    await expect(client.consumeFromGroup('soups', 'cooks', 'anna', () => undefined)).rejects.toMatchObject({ code: 'STREAM_CONSUMER_EXISTS' });
    expect(client.getStatus().consumerGroups).toEqual(['soups:cooks:anna']);
    expect(client.stopConsumer('soups', 'cooks', 'anna')).toBe(true);
    expect(client.stopConsumer('soups', 'cooks', 'anna')).toBe(false);
    expect(await client.consumeFromGroup('soups', 'cooks', 'anna', () => undefined)).toBe(true);
  });

  it('a stopped consumer ends its callback and gives the rest to the others at once, not counted as attempts', async () => {
    const client = await connect();
    let finish: () => void = () => undefined;
    const byAnna: number[] = [];
    await client.consumeFromGroup<number>('soups', 'cooks', 'anna', async ({ data }) => {
      await new Promise<void>((resolve) => (finish = resolve));
      byAnna.push(data);
    });
    await client.publishBatch('soups', range(5));
    await waitFor(async () => (await pending()) === 5, { what: 'five messages taken' });
    client.stopConsumer('soups', 'cooks', 'anna');
    finish();
    await waitFor(async () => (await pending()) === 4, { what: 'the first message to be acknowledged' });
    const rows = (await redis.xpending('soups', 'cooks', '-', '+', 10)) as [string, string, number, number][];
    expect(rows.map(([, , , deliveries]) => deliveries)).toEqual([0, 0, 0, 0]);
    const byBert: number[] = [];
    await client.consumeFromGroup<number>('soups', 'cooks', 'bert', ({ data }) => void byBert.push(data), { reclaimIdleMs: 60_000 });
    await nonePending();
    expect([byAnna, byBert]).toEqual([[0], [1, 2, 3, 4]]);
  });

  it('a stopped consumer with nothing pending leaves no trace in its group', async () => {
    const client = await connect();
    const names = async () => ((await redis.xinfo('CONSUMERS', 'soups', 'cooks')) as string[][]).map((row) => row[1]);
    await client.consumeFromGroup('soups', 'cooks', 'anna', () => undefined);
    await client.publishMessage('soups', 1);
    await waitFor(async () => (await names()).includes('anna') && (await pending()) === 0, { what: 'anna to be known to the group' });
    client.stopConsumer('soups', 'cooks', 'anna');
    await waitFor(async () => (await names()).length === 0, { what: 'anna to be forgotten' });
  });

  it('a consumer that is stopped while its reader blocks for another stream is given nothing more', async () => {
    const client = await connect();
    const heard: string[] = [];
    await client.consumeFromGroup<string>('soups', 'cooks', 'anna', ({ data }) => void heard.push(data));
    await client.consumeFromGroup<string>('salads', 'cooks', 'anna', ({ data }) => void heard.push(data));
    client.stopConsumer('soups', 'cooks', 'anna');
    await client.publishMessage('salads', 'salad');
    await waitFor(() => heard.length === 1, { what: 'the salad' });
    await client.publishMessage('soups', 'soup');
    await client.publishMessage('salads', 'second salad');
    await waitFor(() => heard.length === 2, { what: 'the second salad' });
    expect(heard).toEqual(['salad', 'second salad']);
    expect(await pending()).toBe(0);
  });

  it('refuses names and limits that cannot be', async () => {
    const client = await connect({ failureMode: 'closed' });
    const noop = () => undefined;
    await expect(client.consumeFromGroup('soups', '', 'anna', noop)).rejects.toMatchObject({ code: 'STREAM_ARGUMENT_INVALID' });
    await expect(client.consumeFromGroup('soups', 'cooks', '', noop)).rejects.toMatchObject({ code: 'STREAM_ARGUMENT_INVALID' });
    await expect(client.consumeFromGroup('soups', 'cooks', 'anna', noop, { reclaimIdleMs: 0 })).rejects.toMatchObject({ code: 'STREAM_ARGUMENT_INVALID' });
    await expect(client.createConsumerGroup('soups', 'cooks', 'soon')).rejects.toMatchObject({ code: 'STREAM_ARGUMENT_INVALID' });
    await expect(client.acknowledgeMessages('soups', 'cooks', 'x')).rejects.toMatchObject({ code: 'STREAM_ARGUMENT_INVALID' });
  });
});
