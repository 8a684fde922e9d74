import type { Sql } from '@angarium/database';
import { randomUUID } from 'node:crypto';

async function idOf(inserted: Promise<{ readonly id: string }[]>): Promise<string> {
  const [row] = await inserted;
  if (row === undefined) throw new Error('an insert that returned no row');
  return row.id;
}

/** Topics and subscriptions as rows, so that a test can put them anywhere. */
export function makeCatalog(sql: Sql) {
  return {
    async topic(tenantId: string, name: string, partitions: readonly { next: number; first?: number }[]): Promise<string> {
      const id = await idOf(sql.query('INSERT INTO broker.message_topics (tenant_id, name, partition_count) VALUES ($1, $2, $3) RETURNING id', [tenantId, name, partitions.length]));
      for (const [at, { next, first = 1 }] of partitions.entries()) {
        await sql.query('INSERT INTO broker.topic_partitions (topic_id, partition_id, next_offset, first_offset) VALUES ($1, $2, $3, $4)', [id, at, next, first]);
      }
      return id;
    },

    async subscription(tenantId: string, topicId: string, settled: readonly (number | undefined)[], settings: { status?: string; isOrdered?: boolean } = {}): Promise<string> {
      const inserted = sql.query<{ id: string }>(
        `INSERT INTO broker.message_subscriptions (topic_id, tenant_id, consumer_group, consumer_name, subscription_type, retry_policy, status, is_ordered)
         VALUES ($1, $2, $3, 'default', 'pull', '{}', $4, $5) RETURNING id`,
        [topicId, tenantId, randomUUID(), settings.status ?? 'active', settings.isOrdered ?? false],
      );
      const id = await idOf(inserted);
      for (const [partition, offset] of settled.entries()) {
        if (offset === undefined) continue;
        await sql.query('INSERT INTO broker.subscription_cursors (subscription_id, partition_id, settled_offset) VALUES ($1, $2, $3)', [id, partition, offset]);
      }
      return id;
    },

    /** Rows of the ledger at offsets from..to. */
    async deliveries(subscriptionId: string, status: string, from: number, to: number, publishedAt = new Date()): Promise<void> {
      await sql.query(
        `INSERT INTO broker.deliveries (subscription_id, topic_id, partition_id, offset_value, published_at, message_id, tenant_id, status, lease_until, next_attempt_at)
         SELECT s.id, s.topic_id, 0, at, $5, 'm' || at, s.tenant_id, $2, now(), now() + at * interval '1 second'
         FROM broker.message_subscriptions s, generate_series($3::bigint, $4::bigint) AS at WHERE s.id = $1`,
        [subscriptionId, status, from, to, publishedAt],
      );
    },

    async feed(subscriptionId: string, kind: 'replay' | 'gap' | 'order', next: number, until: number | null): Promise<void> {
      await sql.query('INSERT INTO broker.delivery_feeds (subscription_id, partition_id, kind, next_offset, until_offset) VALUES ($1, 0, $2, $3, $4)', [subscriptionId, kind, next, until]);
    },
  };
}
