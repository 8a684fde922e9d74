import { toArrayLiteral, type SqlRunner } from '@angarium/database';
import { filterValues, FITS, type DeadLetterFilter } from './dead-letter.repository.js';

/** So that each statement stays far below the limit on its time. */
const CHUNK_ROWS = 5_000;

/** Which record a delivery is about. */
interface Settled {
  readonly topic_id: string;
  readonly partition_id: number;
  readonly offset_value: string;
  readonly published_at: Date;
}

const RETURNS = 'd.topic_id, d.partition_id, d.offset_value, d.published_at';

/**
 * Delivers dead letters again, those that died first first, spread out by a rate. Each begins a fresh series of attempts.
 * @param limit most of them; undefined: all.
 * @returns how many.
 */
export async function redriveAll(tx: SqlRunner, filter: DeadLetterFilter, ratePerSecond: number, limit = Infinity): Promise<number> {
  return inChunks(tx, limit, (rows, done) =>
    tx.query<Settled>(
      `WITH oldest AS (SELECT d.id, d.died_at FROM broker.deliveries d WHERE ${FITS} ORDER BY d.died_at, d.id LIMIT $5 FOR UPDATE),
         ranked AS (SELECT id, row_number() OVER (ORDER BY died_at, id) - 1 + $6::bigint AS rank FROM oldest)
       UPDATE broker.deliveries d SET status = 'waiting', attempts = 0, redrives = d.redrives + 1, died_at = NULL, lease_token = NULL, lease_until = NULL,
         next_attempt_at = now() + (k.rank / $7::float8) * interval '1 second', updated_at = now()
       FROM ranked k WHERE d.id = k.id RETURNING ${RETURNS}`,
      [...filterValues(filter), rows, done, ratePerSecond],
    ),
  );
}

/** Gives dead letters up for good. @returns how many. */
export async function discardAll(tx: SqlRunner, filter: DeadLetterFilter, limit: number): Promise<number> {
  return inChunks(tx, limit, (rows) =>
    tx.query<Settled>(
      `WITH oldest AS (SELECT d.id FROM broker.deliveries d WHERE ${FITS} ORDER BY d.died_at, d.id LIMIT $5 FOR UPDATE)
       UPDATE broker.deliveries d SET status = 'discarded', updated_at = now() FROM oldest o WHERE d.id = o.id RETURNING ${RETURNS}`,
      [...filterValues(filter), rows],
    ),
  );
}

/** As `redriveAll`, for one that its caller holds locked. */
export async function redriveOne(tx: SqlRunner, id: string): Promise<void> {
  const rows = await tx.query<Settled>(
    `UPDATE broker.deliveries d SET status = 'waiting', attempts = 0, redrives = d.redrives + 1, died_at = NULL, lease_token = NULL, lease_until = NULL,
       next_attempt_at = now(), updated_at = now()
     WHERE d.id = $1 RETURNING ${RETURNS}`,
    [id],
  );
  await reviveRecords(tx, rows);
}

/** As `discardAll`, for one that its caller holds locked. */
export async function discardOne(tx: SqlRunner, id: string): Promise<void> {
  const rows = await tx.query<Settled>(`UPDATE broker.deliveries d SET status = 'discarded', updated_at = now() WHERE d.id = $1 RETURNING ${RETURNS}`, [id]);
  await reviveRecords(tx, rows);
}

/** A record is a dead letter for as long as some subscription has it as one. A second statement, because it has to see what the first has done. */
export async function reviveRecords(tx: SqlRunner, rows: readonly Settled[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.execute(
    `UPDATE broker.message_records r SET status = 'published'
     FROM unnest($1::uuid[], $2::int[], $3::bigint[], $4::timestamptz[]) AS x(topic, part, off, at)
     WHERE r.topic_id = x.topic AND r.partition_id = x.part AND r.offset_value = x.off AND r.published_at = x.at AND r.status = 'dead_letter'
       AND NOT EXISTS (SELECT FROM broker.deliveries d WHERE d.message_id = r.message_id AND d.topic_id = r.topic_id AND d.partition_id = r.partition_id
         AND d.offset_value = r.offset_value AND d.status = 'dead')`,
    [
      toArrayLiteral(rows.map((it) => it.topic_id)),
      toArrayLiteral(rows.map((it) => it.partition_id)),
      toArrayLiteral(rows.map((it) => it.offset_value)),
      toArrayLiteral(rows.map((it) => it.published_at)),
    ],
  );
}

async function inChunks(tx: SqlRunner, limit: number, settle: (rows: number, done: number) => Promise<Settled[]>): Promise<number> {
  for (let done = 0; ; ) {
    const wanted = Math.min(CHUNK_ROWS, limit - done);
    const rows = wanted > 0 ? await settle(wanted, done) : [];
    await reviveRecords(tx, rows);
    done += rows.length;
    if (rows.length < wanted || wanted <= 0) return done;
  }
}
