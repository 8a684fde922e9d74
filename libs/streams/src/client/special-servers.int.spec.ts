import { Cluster, Redis } from 'ioredis';
import { freePort, startRedis, waitFor, type RunningServer } from '@angarium/testing';
import { RedisStreamsClient, type StreamsClientOptions } from '../index.js';
import { recordedLog } from '../recorded-log.js';

describe('in a Redis Cluster', () => {
  let server: RunningServer;
  const clients: RedisStreamsClient[] = [];

  beforeAll(async () => {
    server = await startRedis({ settings: ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1', '--cluster-port', String(await freePort())] });
    const redis = new Redis(server.url);
    await redis.call('CLUSTER', 'ADDSLOTSRANGE', 0, 16_383);
    await waitFor(async () => (await redis.cluster('INFO')).includes('cluster_state:ok'), { what: 'the cluster' });
    redis.disconnect();
  });
  afterEach(() => Promise.all(clients.splice(0).map((it) => it.disconnect())));
  afterAll(() => server.stop());

  const journey = async (options: StreamsClientOptions) => {
    const client = new RedisStreamsClient({ logger: recordedLog().logger, failureMode: 'closed', ...options });
    clients.push(client);
    const heard: string[] = [];
    for (const stream of ['soups', 'salads']) {
      await client.subscribe<string>(stream, ({ data }) => heard.push(`subscriber ${data}`));
      await client.consumeFromGroup<string>(stream, 'cooks', 'anna', ({ data }) => heard.push(`cook ${data}`));
    }
    for (const stream of ['soups', 'salads']) await client.publishMessage(stream, stream);
    await client.publishMessage('soups', 'own', '99999999999999-0');
    await waitFor(() => heard.length === 6, { what: 'everything to be heard' });
    expect(heard.toSorted()).toEqual(['cook own', 'cook salads', 'cook soups', 'subscriber own', 'subscriber salads', 'subscriber soups']);
    expect(await client.trimStream('soups', { maxLen: 0, approximate: false })).toBe(2);
    client.unsubscribe('soups');
    client.stopConsumer('soups', 'cooks', 'anna');
  };

  it('streams of different slots are published, subscribed to and consumed by one client', () => journey({ redisUrl: server.url.replace('redis:', 'redis+cluster:'), keyPrefix: 'one:' }));

  it('a given cluster connection is a pattern for the connections of the client', async () => {
    const given = new Cluster([{ host: '127.0.0.1', port: server.port }]);
    given.on('error', () => undefined);
    try {
      await journey({ connection: given, keyPrefix: 'two:' });
      expect(await given.xlen('two:salads')).toBe(1);
    } finally {
      given.disconnect();
    }
  });
});

describe('with a login that may not use CLIENT', () => {
  it('a further subscription is heard after one block instead of at once', async () => {
    const server = await startRedis();
    const redis = new Redis(server.url);
    await redis.call('ACL', 'SETUSER', 'limited', 'on', '>word', '~*', '&*', '+@all', '-client');
    const client = new RedisStreamsClient({ redisUrl: server.url.replace('//', '//limited:word@'), logger: recordedLog().logger, defaultBlockMs: 300 });
    const heard: string[] = [];
    await client.subscribe<string>('first', ({ data }) => heard.push(data));
    await waitFor(async () => (await redis.info('clients')).includes('blocked_clients:1'), { what: 'the reader to block' });
    await client.subscribe<string>('second', ({ data }) => heard.push(data));
    await client.publishMessage('second', 'hello');
    await waitFor(() => heard.length === 1, { what: 'the message' });
    expect(heard).toEqual(['hello']);
    await client.disconnect();
    redis.disconnect();
    await server.stop();
  });
});
