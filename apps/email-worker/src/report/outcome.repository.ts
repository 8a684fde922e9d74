import { addToOutbox, InjectDatabase, type Database, type Transaction } from '@angarium/database';
import { Injectable } from '@nestjs/common';
import type { EndedRow, Outcome, SentRow } from './outcome.js';

interface Closed {
  readonly id: string;
}

@Injectable()
export class OutcomeRepository {
  constructor(@InjectDatabase() private readonly db: Database<'email'>) {}

  /**
   * Closes ledger rows, each together with the event that tells of it, in one transaction. Idempotent: a row that was closed before
   * stays, and nothing is told twice; only `sent` wins over every other end, because it is what happened.
   * @throws DATABASE_UNAVAILABLE, DATABASE_BUSY; then nothing is written.
   */
  async close(outcomes: readonly Outcome[]): Promise<void> {
    const rows = outcomes.map(({ row }) => row);
    await this.db.$transaction(async (tx) => {
      const closed = [...(await closeEnded(tx, rows.filter(isEnded))), ...(await closeSent(tx, rows.filter(isSent)))];
      const ids = new Set(closed.map(({ id }) => id));
      const events = outcomes.filter(({ row }) => ids.has(row.deliveryId)).map(({ event }) => event);
      if (events.length > 0) await addToOutbox(tx, ...events);
    });
  }
}

async function closeSent(tx: Transaction<'email'>, rows: readonly SentRow[]): Promise<Closed[]> {
  if (rows.length === 0) return [];
  return tx.$queryRaw<Closed[]>`
    UPDATE "email"."email_deliveries" AS ledger
    SET status = 'sent', accepted_count = given.accepted, rejected_count = given.rejected, last_error = given.rejection,
        recipients = given.recipients::jsonb, sent_at = given.at::timestamptz, updated_at = now()
    FROM unnest(
      ${rows.map((it) => it.deliveryId)}::uuid[], ${rows.map((it) => it.acceptedCount)}::int[], ${rows.map((it) => it.rejectedCount)}::int[],
      ${rows.map((it) => it.rejection ?? null)}::text[], ${rows.map((it) => JSON.stringify(it.recipients))}::text[],
      ${rows.map((it) => it.at.toISOString())}::text[]
    ) AS given (id, accepted, rejected, rejection, recipients, at)
    WHERE ledger.id = given.id AND ledger.status <> 'sent'
    RETURNING ledger.id::text AS id`;
}

async function closeEnded(tx: Transaction<'email'>, rows: readonly EndedRow[]): Promise<Closed[]> {
  if (rows.length === 0) return [];
  return tx.$queryRaw<Closed[]>`
    UPDATE "email"."email_deliveries" AS ledger
    SET status = given.status::"email"."email_delivery_status", last_error = given.error, recipients = given.recipients::jsonb,
        attempts = greatest(ledger.attempts, given.last_attempt), updated_at = now()
    FROM unnest(
      ${rows.map((it) => it.deliveryId)}::uuid[], ${rows.map((it) => it.status)}::text[], ${rows.map((it) => `${it.code}: ${it.reason}`)}::text[],
      ${rows.map((it) => JSON.stringify(it.recipients))}::text[], ${rows.map((it) => it.lastAttempt)}::int[]
    ) AS given (id, status, error, recipients, last_attempt)
    WHERE ledger.id = given.id AND ledger.status = 'claimed'
    RETURNING ledger.id::text AS id`;
}

function isSent(row: SentRow | EndedRow): row is SentRow {
  return !isEnded(row);
}

function isEnded(row: SentRow | EndedRow): row is EndedRow {
  return 'status' in row;
}
