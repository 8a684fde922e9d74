import type { SqlRunner } from '@angarium/database';

/** The logs are made for today and this many days after it, so that midnight finds its tables there. */
const DAYS_AHEAD = 2;

/** Makes the daily tables of the logs that are missing. Idempotent. */
export async function ensureDays(sql: SqlRunner): Promise<void> {
  await sql.query(`SELECT broker.ensure_day((now() AT TIME ZONE 'UTC')::date + ahead) FROM generate_series(-1, $1::int) AS ahead`, [DAYS_AHEAD]);
}

/** Whether a row found no daily table: "no partition of relation … found for row". */
export function isDayMissing(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === '23514';
}

/** What another replica that drops the same days makes of our statement: the table is gone, is detached, or is being detached. */
const othersAreAtIt = new Set(['42P01', '55000', '42809']);

/**
 * Drops the days that no topic may read any more: older than the longest retention. Whole tables, never row by row.
 * Each is detached first, which lets publishes go on; what an earlier call left half done is finished. Replicas may do it at once.
 * @returns the names of the tables that this call dropped.
 */
export async function dropOldDays(sql: SqlRunner): Promise<string[]> {
  const tables = await sql.query<{ name: string; log: string; state: 'attached' | 'pending' | 'loose' }>(
    `WITH longest AS (
       SELECT to_char((now() AT TIME ZONE 'UTC') - coalesce(max(retention_ms), 604800000) * interval '1 millisecond', 'YYYYMMDD') AS oldest FROM broker.message_topics
     )
     SELECT c.relname AS name, substring(c.relname FROM '^(.*)_[0-9]{8}$') AS log,
       CASE WHEN i.inhrelid IS NULL THEN 'loose' WHEN i.inhdetachpending THEN 'pending' ELSE 'attached' END AS state
     FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid, longest
     WHERE c.relnamespace = 'broker'::regnamespace AND c.relkind = 'r' AND c.relname ~ '^(message|consumption)_records_[0-9]{8}$' AND right(c.relname, 8) < longest.oldest
     -- while one is half detached no other can be
     ORDER BY i.inhdetachpending IS TRUE DESC, c.relname`,
  );
  const dropped: string[] = [];
  for (const { name, log, state } of tables) {
    try {
      if (state !== 'loose') await sql.query(`ALTER TABLE broker.${log} DETACH PARTITION broker.${name} ${state === 'pending' ? 'FINALIZE' : 'CONCURRENTLY'}`);
      await sql.query(`DROP TABLE IF EXISTS broker.${name}`);
      dropped.push(name);
    } catch (error) {
      if (!othersAreAtIt.has(String((error as { code?: unknown }).code))) throw error;
    }
  }
  return dropped;
}
