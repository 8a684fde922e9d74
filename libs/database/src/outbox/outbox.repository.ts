import type { EncodedEvent, EventAttributes } from '@angarium/contracts';
import type { OutboxOwner } from '../owners.js';
import type { Sql, SqlRunner } from '../sql.js';
import { outboxTableName } from './outbox-table.js';

/** Any owner's database that has an outbox; a `Database<'accounts'>` is one. */
export interface OutboxDatabase {
  readonly $owner: OutboxOwner;
  readonly $sql: Pick<Sql, 'query' | 'execute' | 'transaction'>;
}

/** What one pass took out of the outbox. */
export interface OutboxBatch {
  /** In the order in which they were written. */
  readonly events: readonly EncodedEvent[];
  /** How long the first of them had waited, in milliseconds by Postgres' clock; 0 without events. */
  readonly oldestAgeMs: number;
}

interface Row {
  readonly attributes: string;
  readonly data: string;
  readonly ageMs: number;
}

/** Whether anything waits to be published; cheaper than a transaction that finds nothing. */
export async function hasWaiting({ $owner, $sql }: OutboxDatabase): Promise<boolean> {
  const rows = await $sql.query(`SELECT 1 FROM ${outboxTableName($owner)} WHERE refused_at IS NULL LIMIT 1`);
  return rows.length > 0;
}

/**
 * Takes the oldest events out, for good when the transaction commits. Another relay waits here until then: were it to skip the locked rows
 * instead, it would publish later events before earlier ones.
 */
export async function takeOldest(tx: SqlRunner, owner: OutboxOwner, limit: number): Promise<OutboxBatch> {
  const table = outboxTableName(owner);
  const text = `
    WITH oldest AS (
      SELECT id FROM ${table} WHERE refused_at IS NULL ORDER BY position LIMIT $1 FOR UPDATE
    ), taken AS (
      DELETE FROM ${table} AS event USING oldest WHERE event.id = oldest.id
      RETURNING event.position, event.attributes, event.data, event.created_at
    )
    SELECT attributes, data, (extract(epoch FROM clock_timestamp() - created_at) * 1000)::float8 AS "ageMs" FROM taken ORDER BY position`;
  const rows = await tx.query<Row>(text, [limit], `outbox-take-${owner}`);
  const events = rows.map(({ attributes, data }) => ({ attributes: JSON.parse(attributes) as EventAttributes, data }));
  return { events, oldestAgeMs: Math.max(0, ...rows.map(({ ageMs }) => ageMs)) };
}

/** Sets aside an event that can never be published; a person finds it by `refused_at`. */
export async function setAside({ $owner, $sql }: OutboxDatabase, eventId: string, reason: string): Promise<void> {
  await $sql.execute(`UPDATE ${outboxTableName($owner)} SET refused_at = now(), refused_reason = $2 WHERE id = $1`, [eventId, reason]);
}
