import type { SqlRunner } from '@angarium/database';

/** What a tenant, or all tenants together, have and owe. */
export interface TotalFigures {
  readonly topics: number;
  readonly partitions: number;
  readonly messages: number;
  readonly subscriptions: number;
  readonly activeSubscriptions: number;
  readonly disabledSubscriptions: number;
  readonly openBreakers: number;
}

interface Row {
  readonly topics: number;
  readonly partitions: number;
  readonly messages: string;
  readonly subscriptions: number;
  readonly active: number;
  readonly disabled: number;
  readonly breakers: number;
}

const TOTALS = `
  SELECT held.*, had.* FROM
    (SELECT count(DISTINCT t.id)::int AS topics, count(p.*)::int AS partitions, coalesce(sum(p.next_offset - p.first_offset), 0) AS messages
     FROM broker.message_topics t LEFT JOIN broker.topic_partitions p ON p.topic_id = t.id WHERE $1::uuid IS NULL OR t.tenant_id = $1) held,
    (SELECT count(*)::int AS subscriptions, count(*) FILTER (WHERE status = 'active')::int AS active, count(*) FILTER (WHERE status = 'disabled')::int AS disabled,
       count(*) FILTER (WHERE breaker_state <> 'closed')::int AS breakers
     FROM broker.message_subscriptions s WHERE $1::uuid IS NULL OR s.tenant_id = $1) had`;

/** @param tenantId null for all tenants. */
export async function readTotals(runner: SqlRunner, tenantId: string | null): Promise<TotalFigures> {
  const [row] = await runner.query<Row>(TOTALS, [tenantId]);
  if (row === undefined) throw new RangeError('an aggregate without a row');
  const { topics, partitions, subscriptions } = row;
  return {
    ...{ topics, partitions, subscriptions },
    messages: Number(row.messages),
    activeSubscriptions: row.active,
    disabledSubscriptions: row.disabled,
    openBreakers: row.breakers,
  };
}
