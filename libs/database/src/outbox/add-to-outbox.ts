import type { EncodedEvent } from '@angarium/contracts';
import { outboxTable, type OutboxConnection } from './outbox-table.js';

/** Not the database itself: an event could then be there without its change. */
type InsideTransaction = OutboxConnection & { readonly $transaction?: never };

/**
 * Writes events beside the change that they tell of: both are there after the commit, or neither.
 * Call `relay.kick()` after the commit; without it they leave with the next sweep. An event that waits already (same id) is not added again.
 * @param tx what `$transaction` gives to its callback.
 * @throws DATABASE_UNAVAILABLE, DATABASE_BUSY
 */
export async function addToOutbox(tx: InsideTransaction, ...events: readonly EncodedEvent[]): Promise<void> {
  const columns = [
    events.map(({ attributes }) => attributes.id),
    events.map(({ attributes }) => attributes.type),
    events.map(({ attributes }) => JSON.stringify(attributes)),
    events.map(({ data }) => data),
  ];
  await tx.$executeRaw`
    INSERT INTO ${outboxTable(tx.$owner)} (id, stream_type, attributes, data)
    SELECT id, stream_type, attributes, data
    FROM unnest(${columns[0]}::text[], ${columns[1]}::text[], ${columns[2]}::text[], ${columns[3]}::text[])
      WITH ORDINALITY AS given (id, stream_type, attributes, data, place)
    ORDER BY place
    ON CONFLICT (id) DO NOTHING`;
}
