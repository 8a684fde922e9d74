/* eslint-disable @typescript-eslint/no-unsafe-assignment, @typescript-eslint/no-unsafe-argument, @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-misused-promises --
   the examples stand as users wrote them: their data is what JSON.parse gives */
import zlib from 'node:zlib';
import { Redis } from 'ioredis';
import { startRedis, waitFor, type RunningServer } from '@angarium/testing';
// In an application: from "@angarium/streams".
import { getStreamsClient, setLogLevel, type RedisStreamsClient } from '../index.js';
import { recordedLog } from '../recorded-log.js';

/** What the client was made for: code written for the earlier `lib/redis/streams` runs unchanged. */
describe('the examples of the earlier client run as they stand', () => {
  let server: RunningServer;
  let redis: Redis;
  let client: RedisStreamsClient;
  const heard: unknown[] = [];
  const console = { log: (...it: unknown[]) => void heard.push(it.join(' ')), error: (...it: unknown[]) => void heard.push(it.join(' ')) };

  beforeAll(async () => {
    server = await startRedis();
    redis = new Redis(server.url);
    getStreamsClient({ redisUrl: server.url, logger: recordedLog().logger });
  });
  beforeEach(async () => {
    heard.length = 0;
    client = getStreamsClient();
    await client.connect();
  });
  afterEach(async () => {
    await client.disconnect();
    await redis.flushall();
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  it('initialises and publishes', async () => {
    const client = getStreamsClient({
      defaultBlockMs: 5000,
      defaultCount: 10,
      autoTrimInterval: 3600000,
      defaultMaxLen: 10000,
      enableAutoTrim: true,
    });
    await client.connect();

    const messageId = await client.publishMessage("dashboard-updates", {
      type: "session_created",
      sessionId: "abc123",
      userId: 456,
      timestamp: Date.now(),
    });
    console.log("Message published:", messageId);

    await client.publishMessage("logs", { log: "data" }, "1000-0");

    await client.publishMessage("stats", {
      totalRequests: BigInt(9007199254740991),
    });

    expect(heard).toEqual([expect.stringMatching(/^Message published: \d{13}-0$/)]);
    expect((await redis.xrange('logs', '-', '+'))[0]?.[0]).toBe('1000-0');
    expect(await client.readHistory('stats')).toEqual([expect.objectContaining({ data: { totalRequests: '9007199254740991' } })]);
  });

  it('subscribes, once simply and once with settings, and unsubscribes', async () => {
    await client.publishMessage('dashboard-updates', 'early');

    await client.subscribe("dashboard-updates", (message) => {
      console.log("Received:", message.data);
      console.log("Message ID:", message.id);
      console.log("Timestamp:", message.timestamp);
    });
    await client.subscribe(
      "dashboard-updates",
      (message) => {
        console.log("Also received:", message.data);
      },
      {
        startId: "0",
        blockMs: 10000,
        count: 20,
      }
    );

    const id = await client.publishMessage('dashboard-updates', 'soup');
    await waitFor(() => heard.length === 5, { what: 'both callbacks' });
    expect(heard.toSorted()).toEqual(['Also received: early', 'Also received: soup', `Message ID: ${id}`, 'Received: soup', expect.stringMatching(/^Timestamp: \d{13}$/)]);

    client.unsubscribe("dashboard-updates");
    expect(client.getStatus().subscriptions).toEqual([]);
  });

  it('consumes in a group', async () => {
    await client.createConsumerGroup(
      "dashboard-updates",
      "dashboard-workers",
      "$"
    );
    await client.consumeFromGroup(
      "dashboard-updates",
      "dashboard-workers",
      "worker-1",
      async (message) => {
        console.log("Processing:", message.data);
      },
      {
        autoAck: true,
        count: 10,
      }
    );
    await client.publishMessage('dashboard-updates', 'soup');
    await waitFor(() => heard.length === 1, { what: 'the message' });
    expect(heard).toEqual(['Processing: soup']);

    await client.acknowledgeMessages(
      "dashboard-updates",
      "dashboard-workers",
      "1234567890123-0",
      "1234567890124-0"
    );
    client.stopConsumer("dashboard-updates", "dashboard-workers", "worker-1");
    expect(client.getStatus().consumerGroups).toEqual([]);
  });

  it('trims', async () => {
    await client.publishBatch('dashboard-updates', Array.from({ length: 5200 }, (_, at) => at));
    const deleted = await client.trimStream("dashboard-updates", {
      maxLen: 5000,
      approximate: true,
    });
    console.log(`Deleted ${deleted} messages`);
    expect(heard).toEqual(['Deleted 200 messages']);
  });

  it('handles errors', async () => {
    const processMessage = (message: unknown) => Promise.reject(new Error(`cannot process ${typeof message}`));
    const messageId = await client.publishMessage("stream", { data: true });
    if (!messageId) {
      console.log("Redis unavailable, message not published");
    }

    await client.subscribe("stream", async (message) => {
      try {
        await processMessage(message);
      } catch (error) {
        console.error("Message processing failed:", error);
      }
    });
    await client.publishMessage('stream', 'soup');
    await waitFor(() => heard.length === 1, { what: 'the failure' });
    expect(heard).toEqual(['Message processing failed: Error: cannot process object']);
  });

  it('broadcasts to web sockets', async () => {
    const wsServer = { broadcast: (event: string, data: { sessionId: string }) => console.log(event, data.sessionId) };

    await client.subscribe("websocket-broadcast", async (message) => {
      const { event, data } = message.data;

      wsServer.broadcast(event, data);
    });
    await client.publishMessage("websocket-broadcast", {
      event: "session_update",
      data: { sessionId: "abc", status: "active" },
    });
    await waitFor(() => heard.length === 1, { what: 'the broadcast' });
    expect(heard).toEqual(['session_update abc']);
  });

  it('works off a task queue with manual acknowledgement', async () => {
    const processTask = async (taskId: string, taskData: object) => console.log(taskId, JSON.stringify(taskData));
    const ids: string[] = [];

    await client.createConsumerGroup("task-queue", "workers", "0");
    await client.consumeFromGroup(
      "task-queue",
      "workers",
      `worker-${process.pid}`,
      async (message) => {
        const { taskId, taskData } = message.data;

        await processTask(taskId, taskData);
        ids.push(message.id);
      },
      {
        autoAck: false,
      }
    );
    await client.publishMessage("task-queue", {
      taskId: "task-123",
      taskData: {
        /* ... */
      },
    });
    await waitFor(() => heard.length === 1, { what: 'the task' });
    const [message] = ids.map((id) => ({ id })) as [{ id: string }];
    expect((await redis.xpending('task-queue', 'workers'))[0]).toBe(1);

    await client.acknowledgeMessages("task-queue", "workers", message.id);

    expect((await redis.xpending('task-queue', 'workers'))[0]).toBe(0);
    expect(heard).toEqual(['task-123 {}']);
  });

  it('aggregates figures', async () => {
    const metricsCache = { update: (metric: string, value: number, timestamp: number) => console.log(metric, value, typeof timestamp) };

    await client.subscribe("metrics", async (message) => {
      const { metric, value, timestamp } = message.data;

      metricsCache.update(metric, value, timestamp);
    });
    await client.publishMessage("metrics", {
      metric: "active_sessions",
      value: 42,
      timestamp: Date.now(),
    });
    await waitFor(() => heard.length === 1, { what: 'the figure' });
    expect(heard).toEqual(['active_sessions 42 number']);
  });

  it('reads what a pipeline of plain XADDs wrote, and data that the caller packed', async () => {
    const batchData = [{ at: 1 }, { at: 2 }];
    const pipeline = redis.pipeline();
    for (const data of batchData) {
      pipeline.xadd("stream", "*", "data", JSON.stringify(data), "timestamp", Date.now().toString());
    }
    await pipeline.exec();
    expect((await client.readHistory<object>('stream')).map(({ data }) => data)).toEqual(batchData);
    await redis.del('stream');

    const largeData = { text: 'soup'.repeat(1000) };
    const compressed = zlib.gzipSync(JSON.stringify(largeData));
    await client.subscribe("stream", (message) => {
      const buffer = Buffer.from(message.data.data, "base64");
      const decompressed = zlib.gunzipSync(buffer);
      const data = JSON.parse(decompressed.toString());
      heard.push(data);
    });
    await client.publishMessage("stream", { data: compressed.toString("base64") });
    await waitFor(() => heard.length === 1, { what: 'the packed message' });
    expect(heard).toEqual([largeData]);
  });

  it('tells its status', async () => {
    await client.subscribe('stream1', () => undefined);
    await client.subscribe('stream2', () => undefined);
    await client.consumeFromGroup('stream3', 'group1', 'consumer1', () => undefined);
    setLogLevel("debug");
    setLogLevel("info");

    const status = client.getStatus();
    expect(status).toEqual({
      connected: true,
      subscriptions: ['stream1', 'stream2'],
      consumerGroups: ['stream3:group1:consumer1'],
      config: expect.objectContaining({ defaultMaxLen: 10000 }) as object,
    });
  });

  it('shuts down on SIGTERM', async () => {
    const before = process.listeners('SIGTERM');
    process.on("SIGTERM", async () => {
      await client.disconnect();
      console.log("Redis Streams client disconnected");
    });
    const [added] = process.listeners('SIGTERM').filter((it) => !before.includes(it));
    added?.('SIGTERM');
    await waitFor(() => heard.length === 1, { what: 'the client to be disconnected' });
    expect(client.getStatus().connected).toBe(false);
    process.off('SIGTERM', added!);
  });
});
