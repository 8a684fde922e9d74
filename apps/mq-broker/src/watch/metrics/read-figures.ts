import type { ConsumerMetrics, MessageQueueMetrics, TopicMetrics } from '@angarium/contracts/broker-api';
import type { Sql } from '@angarium/database';
import { Injectable } from '@nestjs/common';
import { nameCursor } from '../../catalog/page-cursor.js';
import { InjectSql } from '../../sql.js';
import { readConsumers, readConsumersOf, readOwed } from './consumer-figures.repository.js';
import { addOwed, nothingOwed, owedBy } from './owed-by.js';
import { ReplicaFigures } from './replica-figures.js';
import { StreamLanes } from './stream-lanes.js';
import { readTopics, type TopicFigures } from './topic-figures.repository.js';
import { readTotals } from './total-figures.repository.js';
import type { WindowFigures } from './window-totals.js';

type Rates = ConsumerMetrics['rates'];
interface Page<T> {
  readonly items: T[];
  readonly nextCursor: string | null;
}

/**
 * Puts together what Postgres, the streams and the meters of all replicas know. Costs the same whatever is waiting:
 * neither messages nor keys are searched, and rows are counted up to a limit.
 * Every method throws DATABASE_UNAVAILABLE while Postgres is away; while Redis is, its part is missing.
 */
@Injectable()
export class ReadFigures {
  constructor(
    @InjectSql() private readonly sql: Sql,
    private readonly lanes: StreamLanes,
    private readonly replicas: ReplicaFigures,
  ) {}

  /** @param tenantId null for all tenants. */
  async metrics(tenantId: string | null): Promise<MessageQueueMetrics> {
    const [totals, owed, [seen]] = await Promise.all([
      readTotals(this.sql, tenantId),
      readOwed(this.sql, tenantId),
      this.replicas.read([tenantId === null ? 'all' : `tenant:${tenantId}`]),
    ]);
    const inStreams = await this.lanes.look(owed.lanes);
    return {
      redisStreams: {
        totalStreams: totals.partitions,
        totalConsumerGroups: totals.subscriptions,
        totalMessages: totals.messages,
        pendingMessages: owed.rows + inStreams.reduce((sum, { inFlight }) => sum + inFlight, 0),
      },
      consumers: {
        activeConsumers: totals.activeSubscriptions,
        totalLag: owed.behind + owed.rows,
        processingRate: seen?.rates.delivered ?? 0,
        errorRate: seen?.errorRate ?? 0,
      },
      performance: {
        averageLatency: seen?.averageMs ?? 0,
        p95Latency: seen?.p95Ms ?? 0,
        p99Latency: seen?.p99Ms ?? 0,
        throughput: seen?.rates.published ?? 0,
      },
    };
  }

  /** By the topic's name and the id. @throws INVALID_INPUT for a cursor that is not of this list. */
  async consumers({ cursor, ...page }: { readonly tenantId: string; readonly topic: string | undefined; readonly cursor: string | undefined; readonly limit: number }): Promise<Page<ConsumerMetrics>> {
    const read = await readConsumers(this.sql, { ...page, after: nameCursor.decode(cursor), limit: page.limit + 1 });
    const { items, nextCursor } = nameCursor.pageOf(read, page.limit, ({ topic, id }) => [topic, id], same);
    const [owed, seen] = await Promise.all([owedBy(this.lanes, items), this.replicas.read(items.map(({ id }) => `subscription:${id}` as const))]);
    return {
      nextCursor,
      items: items.map(({ id, topicId, topic, group, name, destination, status, breaker }, at) => ({
        ...{ subscriptionId: id, topicId, topic, group, name, destination, status, breaker },
        ...(owed.get(id) ?? nothingOwed),
        rates: ratesOf(seen[at]),
      })),
    };
  }

  /** By their names. @throws INVALID_INPUT for a cursor that is not of this list. */
  async topics({ cursor, ...page }: { readonly tenantId: string; readonly prefix: string | undefined; readonly cursor: string | undefined; readonly limit: number }): Promise<Page<TopicMetrics>> {
    const read = await readTopics(this.sql, { ...page, afterName: nameCursor.decode(cursor)?.[0], limit: page.limit + 1 });
    const { items, nextCursor } = nameCursor.pageOf(read, page.limit, ({ name, id }) => [name, id], same);
    return { nextCursor, items: await this.withOwed(items) };
  }

  /** Topics of a tenant by their names; those that do not exist are left out. */
  async topicsNamed(tenantId: string, names: readonly string[]): Promise<TopicMetrics[]> {
    return this.withOwed(await readTopics(this.sql, { tenantId, names, limit: names.length }));
  }

  private async withOwed(topics: readonly TopicFigures[]): Promise<TopicMetrics[]> {
    const subscriptions = await readConsumersOf(
      this.sql,
      topics.map(({ id }) => id),
    );
    const [owed, seen] = await Promise.all([owedBy(this.lanes, subscriptions), this.replicas.read(topics.map(({ id }) => `topic:${id}` as const))]);
    return topics.map(({ id, name, status, partitionCount, messages }, at) => {
      const parts = subscriptions.filter(({ topicId }) => topicId === id).map((it) => owed.get(it.id) ?? nothingOwed);
      return {
        ...{ topicId: id, topic: name, status, partitionCount, messages, subscriptionCount: parts.length },
        ...parts.reduce(addOwed, nothingOwed),
        slowestLag: Math.max(0, ...parts.map(({ lag }) => lag)),
        rates: { published: seen[at]?.rates.published ?? 0, ...ratesOf(seen[at]) },
      };
    });
  }
}

const same = <T>(it: T) => it;

function ratesOf(seen: WindowFigures | undefined): Rates {
  const { delivered = 0, failed = 0, retried = 0, dead = 0, skipped = 0 } = seen?.rates ?? {};
  return { delivered, failed, retried, dead, skipped };
}
