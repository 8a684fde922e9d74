import { InjectDatabase, toBinaryArray, type Database } from '@angarium/database';
import { Injectable } from '@nestjs/common';
import type { EndedRow, Outcome, SentRow } from './outcome.js';

/** One statement is one transaction and one round trip: rows are closed, and the events of those that were not yet go into the outbox. */
const CLOSE = `
  WITH given AS (
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::int[], $4::int[], $5::text[], $6::text[], $7::text[], $8::int[], $9::text[], $10::text[], $11::text[], $12::text[])
      WITH ORDINALITY AS it (id, status, accepted, rejected, error, recipients, sent_at, last_attempt, event_id, event_type, attributes, data, place)
  ), closed AS (
    UPDATE "email"."email_deliveries" AS ledger
    SET status = given.status::"email"."email_delivery_status", accepted_count = given.accepted, rejected_count = given.rejected, last_error = given.error,
        recipients = given.recipients::jsonb, sent_at = given.sent_at::timestamptz, attempts = greatest(ledger.attempts, given.last_attempt), updated_at = now()
    FROM given
    WHERE ledger.id = given.id AND (ledger.status = 'claimed' OR (given.status = 'sent' AND ledger.status <> 'sent'))
    RETURNING ledger.id
  )
  INSERT INTO "email"."outbox_events" (id, stream_type, attributes, data)
  SELECT event_id, event_type, attributes, data FROM given JOIN closed USING (id) ORDER BY place
  ON CONFLICT (id) DO NOTHING`;

@Injectable()
export class OutcomeRepository {
  constructor(@InjectDatabase() private readonly db: Database<'email'>) {}

  /**
   * Closes ledger rows, each together with the event that tells of it, or nothing of all. Idempotent: a row that was closed before
   * stays, and nothing is told twice; only `sent` wins over every other end, because it is what happened. No two may be of one mail.
   * @throws DATABASE_UNAVAILABLE, DATABASE_BUSY; then nothing is written.
   */
  async close(outcomes: readonly Outcome[]): Promise<void> {
    const text = (of: (outcome: Outcome) => string | null) => toBinaryArray('text', outcomes.map(of));
    const count = (of: (outcome: Outcome) => number) => toBinaryArray('int', outcomes.map(of));
    const values = [
      toBinaryArray('uuid', outcomes.map(({ row }) => row.deliveryId)),
      text(({ row }) => (isEnded(row) ? row.status : 'sent')),
      ...[count(({ row }) => (isEnded(row) ? 0 : row.acceptedCount)), count(({ row }) => (isEnded(row) ? 0 : row.rejectedCount))],
      text(({ row }) => (isEnded(row) ? `${row.code}: ${row.reason}` : (row.rejection ?? null))),
      text(({ row }) => JSON.stringify(row.recipients)),
      text(({ row }) => (isEnded(row) ? null : row.at.toISOString())),
      count(({ row }) => (isEnded(row) ? row.lastAttempt : 0)),
      ...[text(({ event }) => event.attributes.id), text(({ event }) => event.attributes.type)],
      ...[text(({ event }) => JSON.stringify(event.attributes)), text(({ event }) => event.data)],
    ];
    await this.db.$sql.execute(CLOSE, values, 'email-close');
  }
}

function isEnded(row: SentRow | EndedRow): row is EndedRow {
  return 'status' in row;
}
