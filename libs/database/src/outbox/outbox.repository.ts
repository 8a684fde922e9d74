import type { EncodedEvent, EventAttributes } from '@angarium/contracts';
import { outboxTable, type OutboxConnection } from './outbox-table.js';

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
export async function hasWaiting(db: OutboxConnection): Promise<boolean> {
  const rows = await db.$queryRaw<unknown[]>`SELECT 1 FROM ${outboxTable(db.$owner)} WHERE refused_at IS NULL LIMIT 1`;
  return rows.length > 0;
}

/**
 * Takes the oldest events out, for good when the transaction commits. Another relay waits here until then: were it to skip the locked rows
 * instead, it would publish later events before earlier ones.
 */
export async function takeOldest(tx: OutboxConnection, limit: number): Promise<OutboxBatch> {
  const table = outboxTable(tx.$owner);
  const rows = await tx.$queryRaw<Row[]>`
    WITH oldest AS (
      SELECT id FROM ${table} WHERE refused_at IS NULL ORDER BY position LIMIT ${limit} FOR UPDATE
    ), taken AS (
      DELETE FROM ${table} AS event USING oldest WHERE event.id = oldest.id
      RETURNING event.position, event.attributes, event.data, event.created_at
    )
    SELECT attributes, data, (extract(epoch FROM clock_timestamp() - created_at) * 1000)::float8 AS "ageMs" FROM taken ORDER BY position`;
  const events = rows.map(({ attributes, data }) => ({ attributes: JSON.parse(attributes) as EventAttributes, data }));
  return { events, oldestAgeMs: Math.max(0, ...rows.map(({ ageMs }) => ageMs)) };
}

/** Sets aside an event that can never be published; a person finds it by `refused_at`. */
export async function setAside(db: OutboxConnection, eventId: string, reason: string): Promise<void> {
  await db.$executeRaw`UPDATE ${outboxTable(db.$owner)} SET refused_at = now(), refused_reason = ${reason} WHERE id = ${eventId}`;
}
