import type { SqlRunner } from '@angarium/database';

export interface TopicFigures {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly partitionCount: number;
  /** That it holds. */
  readonly messages: number;
}

interface Row {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly partition_count: number;
  readonly messages: string;
}

const PAGE = `
  SELECT t.id, t.name, t.status, count(p.*)::int AS partition_count, coalesce(sum(p.next_offset - p.first_offset), 0) AS messages
  FROM (
    SELECT id, name, status FROM broker.message_topics
    WHERE tenant_id = $1 AND name COLLATE "C" > $2 AND starts_with(name, $3) AND ($4::text[] IS NULL OR name = ANY($4))
    ORDER BY name COLLATE "C" LIMIT $5
  ) t LEFT JOIN broker.topic_partitions p ON p.topic_id = t.id
  GROUP BY t.id, t.name, t.status ORDER BY t.name COLLATE "C"`;

/** Topics of a tenant after `afterName`, by name; only those in `names` where it is given. */
export async function readTopics(
  runner: SqlRunner,
  {
    tenantId,
    afterName = '',
    prefix = '',
    names,
    limit,
  }: { readonly tenantId: string; readonly afterName?: string | undefined; readonly prefix?: string | undefined; readonly names?: readonly string[]; readonly limit: number },
): Promise<TopicFigures[]> {
  const rows = await runner.query<Row>(PAGE, [tenantId, afterName, prefix, names ?? null, limit]);
  return rows.map(({ partition_count: partitionCount, messages, ...rest }) => ({ ...rest, partitionCount, messages: Number(messages) }));
}
