import { createAddresses } from '@angarium/contracts';
import { openSql, type Sql } from '@angarium/database';
import { silentLogger } from '@angarium/observability';
import { closeRedis, connectRedis, type RedisConnection } from '@angarium/redis';
import { createTestDatabase, startPostgres, startRedis, type RunningServer } from '@angarium/testing';
import { randomUUID } from 'node:crypto';
import { messageOf, type BrokerMessage } from '../../flow/broker-message.js';
import { commitMessages } from '../../flow/commit/commit.repository.js';
import { ensureDays } from '../../flow/commit/message-days.js';
import type { Committed, NewMessage } from '../../flow/commit/new-message.js';
import { PartitionStreams } from '../../flow/partition-streams.js';
import { RecordRepository } from '../../flow/record.repository.js';
import { LedgerRepository } from '../../flow/settle/ledger.repository.js';
import { makeCatalog } from '../../watch/testing/make-catalog.js';

/** The stores of the flow over real servers, without anything that runs by itself: for stages one by one. */
export interface Parts {
  readonly sql: Sql;
  readonly databaseUrl: string;
  readonly redis: RedisConnection;
  readonly redisServer: RunningServer;
  readonly addresses: ReturnType<typeof createAddresses>;
  readonly streams: PartitionStreams;
  readonly records: RecordRepository;
  readonly ledger: LedgerRepository;
  readonly catalog: ReturnType<typeof makeCatalog>;
  /** A topic without messages. @returns its id. */
  topic(partitionCount?: number): Promise<string>;
  /** A subscription that has settled so much of each partition. @returns its id. */
  subscription(topicId: string, settled: readonly number[], settings?: { isOrdered?: boolean; status?: string }): Promise<string>;
  /** Commits messages; nothing appends them. */
  commit(topicId: string, messages: readonly Partial<NewMessage>[]): Promise<Committed[]>;
  /** As `commit`, as they go to the stream. */
  stored(topicId: string, messages: readonly Partial<NewMessage>[]): Promise<BrokerMessage[]>;
  close(): Promise<void>;
}

export const TENANT_ID = '6f6b7a52-0a3c-4c9e-9d5f-2f1f6f3f7a01';

/** Starts servers of its own. The file says `stopAfterTests()` above its hooks, which stops them. */
export async function makeParts(): Promise<Parts> {
  const [postgres, redisServer] = await Promise.all([startPostgres(), startRedis()]);
  const database = await createTestDatabase(postgres);
  const sql = openSql({ url: database.url, logger: silentLogger, poolSize: 8 });
  await ensureDays(sql);
  const addresses = createAddresses('parts');
  const redis = connectRedis({ url: redisServer.url, name: 'parts', logger: silentLogger });
  const catalog = makeCatalog(sql);
  const commit = (topicId: string, messages: readonly Partial<NewMessage>[]) => commitMessages(sql, messages.map((it) => newMessage(topicId, it)));
  return {
    ...{ sql, databaseUrl: database.url, redis, redisServer, addresses, catalog, commit },
    streams: new PartitionStreams(redis, addresses),
    records: new RecordRepository(sql),
    ledger: new LedgerRepository(sql),
    topic: (partitionCount = 1) => catalog.topic(TENANT_ID, `topic-${randomUUID()}`, Array.from({ length: partitionCount }, () => ({ next: 1 }))),
    subscription: (topicId, settled, settings) => catalog.subscription(TENANT_ID, topicId, settled, settings),
    stored: async (topicId, messages) => (await commit(topicId, messages)).map(messageOf),
    async close() {
      await closeRedis(redis);
      await sql.end();
      await database.drop();
    },
  };
}

/** A message that could be committed. */
export function newMessage(topicId: string, more: Partial<NewMessage> = {}): NewMessage {
  const recordId = randomUUID();
  const payload = more.payload ?? '{}';
  return {
    ...{ topicId, tenantId: TENANT_ID, partition: 0, recordId, messageId: recordId, dedupWindowMs: null, key: null, type: 'test', correlationId: null },
    ...{ headers: '{}', payload, payloadSize: payload.length, contentType: 'application/json', scheduledAt: null, expiresAt: null, producer: 'tester', traceparent: null },
    ...more,
  };
}
