import type { TenantCaller } from '@angarium/auth';
import type { AnswerOf } from '@angarium/contracts';
import { AckMessages, CreateSubscription, CreateTopic, PublishBatch, PublishMessage, PullMessages, type PulledMessage, type TopicView } from '@angarium/contracts/broker-api';
import { openSql, type Sql } from '@angarium/database';
import { silentLogger, type Logger } from '@angarium/observability';
import { createTestDatabase, startPostgres, startRedis, type RunningServer } from '@angarium/testing';
import { Redis } from 'ioredis';
import { randomBytes } from 'node:crypto';
import { SYSTEM_TENANT_ID } from '../../catalog/topics/topic-cache.js';
import { ensureDays } from '../../flow/commit/message-days.js';
import { testCaller } from '../start-test-api.js';
import { startReplica, type Replica } from './start-replica.js';

/** A database, a Redis, tenants, and replicas of the broker over them, all in this process. */
export interface FlowBench {
  readonly sql: Sql;
  /** For looks into Redis, past the broker. */
  readonly redis: Redis;
  readonly servers: { readonly postgres: RunningServer; readonly redis: RunningServer };
  /** Calls where nobody else is named. */
  readonly acme: TenantCaller;
  /** Another API key of acme. */
  readonly acmeBilling: TenantCaller;
  readonly globex: TenantCaller;
  readonly system: TenantCaller;
  /** Starts one more; `close` stops those that still run. */
  replica(options?: { readonly env?: Readonly<Record<string, string>>; readonly logger?: Logger }): Promise<Replica>;
  close(): Promise<void>;
}

/** Starts servers of its own. The file says `stopAfterTests()` above its hooks, which stops them. */
export async function startFlowBench(): Promise<FlowBench> {
  const [postgres, redisServer] = await Promise.all([startPostgres(), startRedis()]);
  const database = await createTestDatabase(postgres);
  const sql = openSql({ url: database.url, logger: silentLogger, poolSize: 6, applicationName: 'bench' });
  await ensureDays(sql);
  const redis = new Redis(redisServer.url, { retryStrategy: () => 50 });
  redis.on('error', () => undefined);
  const acme = testCaller(await addTenant(sql, 'acme'));
  const globex = testCaller(await addTenant(sql, 'globex'));
  const acmeBilling = { ...acme, keyName: 'billing' };
  const system = testCaller({ id: SYSTEM_TENANT_ID, name: 'system' });
  const sealKeys = `test:${randomBytes(32).toString('base64')}`;
  const replicas: Replica[] = [];
  return {
    ...{ sql, redis, acme, acmeBilling, globex, system, servers: { postgres, redis: redisServer } },
    async replica(options = {}) {
      const instance = `replica-${replicas.length + 1}`;
      const closing = await startReplica({ databaseUrl: database.url, redisUrl: redisServer.url, sealKeys, instance, callers: [acme, acmeBilling, globex, system], ...options });
      let closed: Promise<void> | undefined;
      const replica = { ...closing, close: () => (closed ??= closing.close()) };
      replicas.push(replica);
      return replica;
    },
    async close() {
      await Promise.all(replicas.map((it) => it.close()));
      redis.disconnect();
      await sql.end();
      await database.drop();
    },
  };
}

async function addTenant(sql: Sql, name: string): Promise<{ readonly id: string; readonly name: string }> {
  const [row] = await sql.query<{ readonly id: string }>('INSERT INTO auth.tenants (name) VALUES ($1) RETURNING id', [name]);
  if (row === undefined) throw new TypeError('no tenant was made');
  return { id: row.id, name };
}

let named = 0;

/** Makes a topic under a name of its own. */
export async function makeTopic(replica: Replica, settings: object = {}, as?: TenantCaller): Promise<TopicView> {
  const body = { name: `topic-${++named}`, ...settings };
  const { status, body: topic } = await replica.call(CreateTopic, { body, ...(as && { as }) });
  if (status !== 201) throw new Error(`the topic was not made: ${JSON.stringify(topic)}`);
  return topic;
}

/** Subscribes to a topic, by pull and from its beginning unless told otherwise. */
export async function subscribe(replica: Replica, topic: { readonly id: string; readonly name: string }, settings: object = {}, as?: TenantCaller): Promise<AnswerOf<typeof CreateSubscription>> {
  const body = { topic: topic.name, group: `group-${++named}`, destination: { type: 'pull' }, offsetReset: 'earliest', ...settings };
  const { status, body: subscription } = await replica.call(CreateSubscription, { body, ...(as && { as }) });
  if (status !== 201) throw new Error(`the subscription was not made: ${JSON.stringify(subscription)}`);
  return subscription;
}

/** Publishes one message. */
export async function publish(replica: Replica, topic: { readonly name: string }, payload: unknown, more: object = {}, as?: TenantCaller): Promise<AnswerOf<typeof PublishMessage>> {
  const { status, body } = await replica.call(PublishMessage, { body: { topic: topic.name, payload, ...more }, ...(as && { as }) });
  if (status !== 201) throw new Error(`the message was not published: ${JSON.stringify(body)}`);
  return body;
}

/** Publishes messages `{n: from}` to `{n: to}` at once. */
export async function publishMany(replica: Replica, topic: { readonly name: string }, from: number, to: number, more: (n: number) => object = () => ({}), as?: TenantCaller): Promise<void> {
  const all = Array.from({ length: to - from + 1 }, (_, at) => ({ payload: { n: from + at }, ...more(from + at) }));
  for (let at = 0; at < all.length; at += 1_000) {
    const { status, body } = await replica.call(PublishBatch, { body: { topic: topic.name, messages: all.slice(at, at + 1_000) }, ...(as && { as }) });
    if (status !== 201) throw new Error(`the batch was not published: ${JSON.stringify(body)}`);
  }
}

/** One pull. */
export async function pull(replica: Replica, subscription: { readonly id: string }, { max = 100, waitMs = 0 } = {}, as?: TenantCaller): Promise<PulledMessage[]> {
  const { status, body } = await replica.call(PullMessages, { params: { id: subscription.id }, body: { max, waitMs }, ...(as && { as }) });
  if (status !== 200) throw new Error(`the pull was refused: ${JSON.stringify(body)}`);
  return body.messages;
}

/** Pulls until so many messages came, without settling them. */
export async function pullAll(replica: Replica, subscription: { readonly id: string }, count: number, timeoutMs = 10_000): Promise<PulledMessage[]> {
  const until = performance.now() + timeoutMs;
  const messages: PulledMessage[] = [];
  while (messages.length < count) {
    if (performance.now() > until) throw new Error(`${messages.length} of ${count} messages came in ${timeoutMs} ms`);
    messages.push(...(await pull(replica, subscription, { max: count - messages.length, waitMs: 500 })));
  }
  return messages;
}

/** Acknowledges what was pulled. */
export async function ack(replica: Replica, subscription: { readonly id: string }, messages: readonly { readonly receipt: string }[]): Promise<AnswerOf<typeof AckMessages>> {
  return (await replica.call(AckMessages, { params: { id: subscription.id }, body: { receipts: messages.map(({ receipt }) => receipt) } })).body;
}

/** The `n` of payloads `{n}`. */
export const numbersOf = (messages: readonly { readonly payload: unknown }[]): number[] => messages.map(({ payload }) => (payload as { n: number }).n);
/** from, from + 1, … to. */
export const numbers = (from: number, to: number): number[] => Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => from + at);
