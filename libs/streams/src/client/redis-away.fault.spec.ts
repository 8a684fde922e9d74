import { connect as connectSocket, createServer, type AddressInfo, type Socket } from 'node:net';
import { Redis } from 'ioredis';
import { startRedis, waitFor, type RunningServer } from '@angarium/testing';
import { RedisStreamsClient, type StreamsClientOptions } from '../index.js';
import { recordedLog } from '../recorded-log.js';
import { GroupConsumer } from './group-consumer.js';
import { Link } from './link.js';
import { openConnection } from './open-connection.js';

/** Stands before Redis and can let requests through while it loses the answers. */
async function startProxy(redisPort: number) {
  const sockets = new Set<Socket>();
  const state = { losesAnswers: false, lostBytes: 0 };
  const server = createServer((client) => {
    const redis = connectSocket(redisPort, '127.0.0.1');
    for (const socket of [client, redis]) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => {
        client.destroy();
        redis.destroy();
        sockets.delete(socket);
      });
    }
    client.pipe(redis);
    redis.on('data', (bytes) => {
      if (state.losesAnswers) state.lostBytes += bytes.length;
      else client.write(bytes);
    });
  }).listen(0, '127.0.0.1');
  await waitFor(() => server.listening, { what: 'the proxy' });
  const cut = () => sockets.forEach((it) => it.destroy());
  const stop = () => {
    cut();
    server.close();
  };
  return { url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`, state, cut, stop };
}

// the load of a test ends with it, also when it fails
let isOver: boolean;
beforeEach(() => void (isOver = false));
afterEach(() => void (isOver = true));

describe('when Redis is away', () => {
  let server: RunningServer;
  let redis: Redis;
  const clients: RedisStreamsClient[] = [];
  const make = (options: StreamsClientOptions = {}) => {
    const client = new RedisStreamsClient({ redisUrl: server.url, logger: recordedLog().logger, ...options });
    clients.push(client);
    return client;
  };
  const stored = async (stream: string) => (await redis.xrange(stream, '-', '+')).map(([id, fields]) => [id, JSON.parse(String(fields[1])) as unknown] as const);
  const took = async (work: () => Promise<unknown>) => {
    const started = performance.now();
    await work();
    return performance.now() - started;
  };

  beforeAll(async () => {
    server = await startRedis({ appendfsync: 'always' });
    redis = new Redis(server.url);
    redis.on('error', () => undefined);
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((it) => it.disconnect({ graceMs: 1_000 })));
    await redis.flushall();
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  it('a publish answers null within publishTimeoutMs, is not written later, and the next one after the return succeeds', async () => {
    const client = make({ publishTimeoutMs: 300 });
    await client.connect();
    await server.kill();
    await waitFor(() => !client.getStatus().connected, { what: 'the status to say so' });
    expect(await took(async () => expect(await client.publishMessage('soups', 'lost')).toBeNull())).toBeLessThan(600);
    expect(await took(async () => expect(await client.publishBatch('soups', ['lost', 'too'])).toEqual([null, null]))).toBeLessThan(600);
    await server.restart();
    await waitFor(() => client.getStatus().connected, { what: 'the client to be back' });
    await client.publishMessage('soups', 'stored');
    expect((await stored('soups')).map(([, data]) => data)).toEqual(['stored']);
  });

  it('every other call answers false, 0 or nothing in open mode and throws REDIS_UNAVAILABLE in closed mode', async () => {
    const open = make({ publishTimeoutMs: 100 });
    const closed = make({ publishTimeoutMs: 100, failureMode: 'closed' });
    await server.kill();
    const calls = [
      (it: RedisStreamsClient) => it.connect(),
      (it: RedisStreamsClient) => it.subscribe('soups', () => undefined),
      (it: RedisStreamsClient) => it.createConsumerGroup('soups', 'cooks'),
      (it: RedisStreamsClient) => it.consumeFromGroup('soups', 'cooks', 'anna', () => undefined),
      (it: RedisStreamsClient) => it.acknowledgeMessages('soups', 'cooks', '1-0'),
      (it: RedisStreamsClient) => it.trimStream('soups', { maxLen: 1 }),
      (it: RedisStreamsClient) => it.readHistory('soups'),
    ];
    const answers: unknown[] = [];
    for (const call of calls) answers.push(await call(open));
    expect(answers).toEqual([false, false, false, false, 0, 0, []]);
    for (const call of calls) await expect(call(closed)).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE', retry: 'when-available' });
    await expect(closed.publishMessage('soups', 1)).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE', message: expect.stringContaining('was not written and will not be') as string });
    expect(open.getStatus()).toMatchObject({ connected: false, subscriptions: [], consumerGroups: [] });
    await server.restart();
  });

  it('of messages that waited together, those that were given up are not written when Redis returns in time for the others', async () => {
    const client = make({ publishTimeoutMs: 1_500, reconnectMaxMs: 100 });
    await client.connect();
    await server.kill();
    const started = performance.now();
    const until = (ms: number) => waitFor(() => performance.now() - started > ms, { what: `${ms} ms to pass` });
    const first = client.publishMessage('soups', 'first');
    await until(300);
    const second = client.publishMessage('soups', 'second');
    await until(1_200);
    const third = client.publishMessage('soups', 'third');
    expect([await first, await second]).toEqual([null, null]);
    await server.restart();
    expect(await third).not.toBeNull();
    expect((await stored('soups')).map(([, data]) => data)).toEqual(['third']);
  });

  it('a Redis that hangs: the publish says that the outcome is unknown, those behind it that they were not written', async () => {
    const client = make({ publishTimeoutMs: 200, failureMode: 'closed' });
    await client.connect();
    await server.kill('SIGSTOP');
    const first = client.publishMessage('soups', 'first').catch((error: unknown) => error);
    await redisTurn();
    const second = client.publishMessage('soups', 'second').catch((error: unknown) => error);
    expect(await first).toMatchObject({ code: 'STREAM_OUTCOME_UNKNOWN', retry: 'when-available' });
    expect(await second).toMatchObject({ code: 'REDIS_UNAVAILABLE' });
    await server.kill('SIGCONT');
    await client.publishMessage('soups', 'third');
    expect((await stored('soups')).map(([, data]) => data)).toEqual(['first', 'third']);
  });

  it('an answer that was lost: the message is sent again, stored once, and its id is right', async () => {
    const proxy = await startProxy(server.port);
    const client = make({ redisUrl: proxy.url, publishTimeoutMs: 5_000 });
    await client.connect();
    await client.publishMessage('soups', 'warm');
    proxy.state.losesAnswers = true;
    const publishing = Promise.all([client.publishMessage('soups', 'a'), client.publishMessage('soups', 'b'), client.publishMessage('own', 'c', '7-7'), client.createConsumerGroup('other', 'cooks')]);
    await waitFor(async () => (await redis.xlen('soups')) === 3 && (await redis.xlen('own')) === 1 && (await redis.exists('other')) === 1, { what: 'Redis to have stored them' });
    proxy.state.losesAnswers = false;
    proxy.cut();
    const [a, b, c, isCreated] = await publishing;
    expect(isCreated).toBe(true);
    expect((await stored('soups')).slice(1)).toEqual([[a, 'a'], [b, 'b']]);
    expect(await stored('own')).toEqual([[c, 'c']]);
    await client.disconnect();
    proxy.stop();
  });

  it('connections that are cut again and again double nothing and lose nothing that was answered', async () => {
    const client = make({ publishTimeoutMs: 10_000 });
    const heard: number[] = [];
    const handled = new Set<number>();
    await client.subscribe<number>('soups', ({ data }) => void heard.push(data));
    await client.consumeFromGroup<number>('soups', 'cooks', 'anna', ({ data }) => void handled.add(data), { reclaimIdleMs: 200 });
    const ids: (string | null)[] = [];
    let cuts = 0;
    for (let at = 0; at < 2_000; at += 50) {
      ids.push(...(await Promise.all(Array.from({ length: 50 }, (_, step) => client.publishMessage('soups', at + step)).concat(at % 200 === 0 ? [cut()] : []))).slice(0, 50));
    }
    async function cut(): Promise<null> {
      cuts += Number(await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'));
      return null;
    }
    expect(cuts).toBeGreaterThan(10);
    const entries = await stored('soups');
    expect(entries.map(([, data]) => data)).toEqual(Array.from({ length: 2_000 }, (_, at) => at));
    expect(ids).toEqual(entries.map(([id]) => id));
    await waitFor(() => heard.length >= 2_000 && handled.size === 2_000, { what: 'everything to be heard and handled' });
    expect(heard).toEqual(Array.from({ length: 2_000 }, (_, at) => at));
  });

  it('killed and restarted under load: what was answered is stored once, heard once and handled; readers go on by themselves', async () => {
    const publisher = make({ publishTimeoutMs: 5_000 });
    const reader = make();
    const heard: number[] = [];
    const handled = new Set<number>();
    await reader.subscribe<number>('soups', ({ data }) => void heard.push(data));
    await reader.consumeFromGroup<number>('soups', 'cooks', 'anna', ({ data }) => void handled.add(data), { reclaimIdleMs: 300 });
    const answers = new Map<number, string | null>();
    let next = 0;
    const load = Array.from({ length: 32 }, async () => {
      while (!isOver) {
        const at = next++;
        answers.set(at, await publisher.publishMessage('soups', at));
      }
    });
    await waitFor(() => answers.size > 500, { what: 'load' });
    await server.kill();
    await waitFor(() => !reader.getStatus().connected, { what: 'the status to say so' });
    await server.restart();
    const back = performance.now();
    const before = heard.length;
    await waitFor(() => heard.length > before, { what: 'the first message after the restart', everyMs: 1 });
    expect(performance.now() - back).toBeLessThan(2_000);
    const sizeAtReturn = answers.size;
    await waitFor(() => answers.size > sizeAtReturn + 500, { what: 'load after the restart' });
    isOver = true;
    await Promise.all(load);

    const entries = await stored('soups');
    const ids = new Map(entries.map(([id, data]) => [data as number, id]));
    expect(ids.size).toBe(entries.length);
    const resolved = [...answers].filter(([, id]) => id !== null);
    expect(resolved.length).toBeGreaterThan(1_000);
    expect(resolved.filter(([at, id]) => ids.get(at) !== id)).toEqual([]);
    await waitFor(() => heard.length >= entries.length && handled.size === entries.length, { what: 'everything to be heard and handled' });
    expect(heard).toEqual(entries.map(([, data]) => data));
    await waitFor(async () => (await redis.xpending('soups', 'cooks'))[0] === 0, { what: 'everything to be acknowledged' });
  });

  it('a message that was handled while Redis was away is acknowledged when it is back, not handled again', async () => {
    const { logger, lines } = recordedLog();
    const client = make({ logger, publishTimeoutMs: 100 });
    const handled: string[] = [];
    let finish: () => void = () => undefined;
    await client.consumeFromGroup<string>(
      'soups',
      'cooks',
      'anna',
      async ({ data }) => {
        handled.push(data);
        await new Promise<void>((resolve) => (finish = resolve));
      },
      { reclaimIdleMs: 200 },
    );
    await client.publishMessage('soups', 'one');
    await waitFor(() => handled.length === 1, { what: 'the callback' });
    await server.kill();
    await waitFor(() => !client.getStatus().connected, { what: 'the status to say so' });
    finish();
    await waitFor(() => lines.filter(({ msg }) => msg.startsWith('Acknowledging failed')).length > 1, { what: 'two attempts to acknowledge' });
    await server.restart();
    await waitFor(async () => (await redis.xpending('soups', 'cooks'))[0] === 0, { what: 'the acknowledgement' });
    expect(handled).toEqual(['one']);
  });

  it('a message that is given to its consumer again before the acknowledgement was through is not handled again', async () => {
    const { logger } = recordedLog();
    const link = new Link(openConnection({ redisUrl: 'redis://127.0.0.1:1' }, 'test', logger), 50);
    const handled: string[] = [];
    const consumer = new GroupConsumer({
      ...{ stream: 'soups', group: 'cooks', consumer: 'anna', autoAck: true, count: 10, blockMs: 100, link, log: logger, onFree: () => undefined },
      callback: ({ id }) => handled.push(id),
    });
    consumer.take([{ id: '1-0', fields: ['data', '1'], attempts: 1 }]);
    await waitFor(() => handled.length === 1 && consumer.held().length === 0, { what: 'the first message' });
    consumer.take([{ id: '1-0', fields: ['data', '1'], attempts: 2 }, { id: '2-0', fields: ['data', '2'], attempts: 1 }]);
    await waitFor(() => handled.length === 2, { what: 'the second message' });
    expect(handled).toEqual(['1-0', '2-0']);
    await consumer.stop();
    await link.close();
  });

  it('a message that Redis gave back just before it was acknowledged is not handled again', async () => {
    const { logger } = recordedLog();
    const link = new Link(openConnection({ redisUrl: server.url }, 'test', logger), 2_000);
    await link.whenReady();
    const id = await redis.xadd('soups', '*', 'data', '1');
    const handled: string[] = [];
    let finish: () => void = () => undefined;
    const consumer = new GroupConsumer({
      ...{ stream: 'soups', group: 'cooks', consumer: 'anna', autoAck: true, count: 10, blockMs: 100, link, log: logger, onFree: () => undefined },
      callback: async ({ id }) => {
        handled.push(id);
        await new Promise<void>((resolve) => (finish = resolve));
      },
    });
    await link.operations.ensureGroup('soups', 'cooks');
    await redis.xreadgroup('GROUP', 'cooks', 'anna', 'STREAMS', 'soups', '>');
    const entry = { id: String(id), fields: ['data', '1'], attempts: 1 };
    consumer.take([entry]);
    await consumer.takeOver(async () => {
      await waitFor(() => handled.length === 1, { what: 'the callback' });
      finish();
      await waitFor(async () => (await redis.xpending('soups', 'cooks'))[0] === 0 && consumer.held().length === 0, { what: 'the acknowledgement' });
      return [entry];
    });
    expect(consumer.held()).toEqual([]);
    await consumer.stop();
    await link.close();
    expect(handled).toEqual([id]);
  });

  it('a client that connects while Redis is away is there when Redis comes', async () => {
    await server.kill();
    const client = make({ publishTimeoutMs: 100, reconnectMaxMs: 100 });
    expect(await client.connect()).toBe(false);
    expect(client.getStatus().connected).toBe(false);
    await server.restart();
    await waitFor(() => client.getStatus().connected, { what: 'the client to be connected' });
    expect(await client.publishMessage('soups', 1)).not.toBeNull();
  });

  it('disconnects within its grace time although Redis is away', async () => {
    const client = make({ publishTimeoutMs: 200 });
    await client.subscribe('soups', () => undefined);
    await client.consumeFromGroup('soups', 'cooks', 'anna', () => undefined);
    await server.kill();
    await waitFor(() => !client.getStatus().connected, { what: 'the status to say so' });
    const disconnecting = await took(() => client.disconnect());
    await server.restart();
    expect(disconnecting).toBeLessThan(2_000);
    expect(await redis.client('LIST')).not.toContain('name=streams');
  });
});

/** Lets what was written to sockets leave the process. */
function redisTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
