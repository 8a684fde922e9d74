import { addToOutbox, InjectDatabase, type Database, type Transaction } from '@angarium/database';
import { Injectable } from '@nestjs/common';
import type { FailedRow, Outcome, SentRow } from './outcome.js';

interface Closed {
  readonly id: string;
}

@Injectable()
export class OutcomeRepository {
  constructor(@InjectDatabase() private readonly db: Database<'email'>) {}

  /**
   * Closes ledger rows, each together with the event that tells of it, in one transaction. Idempotent: a row that was closed before
   * stays, and nothing is told twice; only `sent` wins over `failed`, because it is what happened.
   * @throws DATABASE_UNAVAILABLE, DATABASE_BUSY; then nothing is written.
   */
  async close(outcomes: readonly Outcome[]): Promise<void> {
    const rows = outcomes.map(({ row }) => row);
    await this.db.$transaction(async (tx) => {
      const closed = [...(await closeFailed(tx, rows.filter(isFailed))), ...(await closeSent(tx, rows.filter(isSent)))];
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
        sent_at = given.at::timestamptz, updated_at = now()
    FROM unnest(
      ${rows.map((it) => it.deliveryId)}::uuid[], ${rows.map((it) => it.acceptedCount)}::int[], ${rows.map((it) => it.rejectedCount)}::int[],
      ${rows.map((it) => it.rejection ?? null)}::text[], ${rows.map((it) => it.at.toISOString())}::text[]
    ) AS given (id, accepted, rejected, rejection, at)
    WHERE ledger.id = given.id AND ledger.status <> 'sent'
    RETURNING ledger.id::text AS id`;
}

async function closeFailed(tx: Transaction<'email'>, rows: readonly FailedRow[]): Promise<Closed[]> {
  if (rows.length === 0) return [];
  return tx.$queryRaw<Closed[]>`
    UPDATE "email"."email_deliveries" AS ledger
    SET status = 'failed', last_error = given.error, updated_at = now()
    FROM unnest(${rows.map((it) => it.deliveryId)}::uuid[], ${rows.map((it) => `${it.code}: ${it.reason}`)}::text[]) AS given (id, error)
    WHERE ledger.id = given.id AND ledger.status = 'claimed'
    RETURNING ledger.id::text AS id`;
}

function isSent(row: SentRow | FailedRow): row is SentRow {
  return !isFailed(row);
}

function isFailed(row: SentRow | FailedRow): row is FailedRow {
  return 'code' in row;
}
