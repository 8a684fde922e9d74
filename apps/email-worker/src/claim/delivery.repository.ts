import { databaseHealth, InjectDatabase, toBinaryArray, type Database } from '@angarium/database';
import type { HealthCheck } from '@angarium/observability';
import { Injectable } from '@nestjs/common';
import { uuidV7 } from './uuid-v7.js';

/** One mail in the ledger. */
export interface Delivery {
  readonly id: string;
  readonly messageId: string;
  readonly status: 'claimed' | 'sent' | 'failed' | 'unknown' | 'suppressed';
  /** See `claim`. */
  readonly attempts: number;
  readonly acceptedCount: number;
  readonly rejectedCount: number;
  readonly lastError: string | null;
}

export interface Claim {
  readonly tenant: string;
  readonly idempotencyKey: string;
  /** 1 for the first try. */
  readonly attempt: number;
  /** Right side of the Message-ID that a new delivery gets. */
  readonly domain: string;
  /** What kind of mail it is, where the order says. */
  readonly category?: string | undefined;
  /** The recipients', which are looked for on the suppression list. */
  readonly addressKeys: readonly string[];
}

export interface ClaimedMail extends Delivery {
  /** Address keys that get nothing of this. */
  readonly suppressed: ReadonlySet<string>;
}

interface ClaimRow extends Delivery {
  readonly tenant: string;
  readonly idempotencyKey: string;
  readonly listed: readonly string[] | null;
}

/**
 * One statement: of two replicas that claim at once exactly one inserts, and the other sees its row.
 * Ordered, so that two replicas that claim the same mails do not lock each other out. The suppression list is asked in the same
 * breath, because another round trip costs more than the question.
 */
const CLAIM = `
  WITH claimed AS (
    INSERT INTO "email"."email_deliveries" AS ledger (id, tenant, idempotency_key, message_id, attempts, category)
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::int[], $6::text[]) AS given (id, tenant, idempotency_key, message_id, attempts, category)
    ORDER BY tenant, idempotency_key
    ON CONFLICT (tenant, idempotency_key) DO UPDATE SET
      attempts = CASE WHEN ledger.status = 'sent' THEN ledger.attempts ELSE greatest(ledger.attempts, excluded.attempts) END,
      status = CASE WHEN ledger.status IN ('failed', 'unknown', 'suppressed') AND excluded.attempts > ledger.attempts THEN 'claimed' ELSE ledger.status END
    RETURNING id, tenant, idempotency_key, message_id, status, attempts, accepted_count, rejected_count, last_error
  ), listed AS (
    SELECT tenant, idempotency_key, array_agg(key) AS keys
    FROM unnest($7::text[], $8::text[], $9::text[], $10::text[]) AS given (tenant, idempotency_key, category, key)
    WHERE EXISTS (
      SELECT 1 FROM "email"."suppressions" AS entry
      WHERE entry.tenant = given.tenant AND entry.address_key = given.key AND entry.category IN ('', given.category)
        AND (entry.expires_at IS NULL OR entry.expires_at > now())
    )
    GROUP BY tenant, idempotency_key
  )
  SELECT id::text AS id, tenant, idempotency_key AS "idempotencyKey", message_id AS "messageId", status::text AS status, attempts,
    accepted_count AS "acceptedCount", rejected_count AS "rejectedCount", last_error AS "lastError", keys AS listed
  FROM claimed LEFT JOIN listed USING (tenant, idempotency_key)`;

const NOBODY: ReadonlySet<string> = new Set();

@Injectable()
export class DeliveryRepository {
  constructor(@InjectDatabase() private readonly db: Database<'email'>) {}

  /**
   * Enters mails into the ledger, or finds them there: one row per tenant and idempotency key, with the id and Message-ID it was first
   * given. Whoever finds another status than `claimed` must not send. Idempotent. No two of the claims may name the same mail.
   *
   * `attempts` of a closed row is the last attempt that comes by itself. A later one was asked for by a person (who retried the job):
   * it opens a row that is `failed`, `unknown` or `suppressed` again. What was sent stays sent.
   * @returns the rows in the order of the claims, each with those of its address keys that are on the suppression list.
   * @throws DATABASE_UNAVAILABLE, DATABASE_BUSY
   */
  async claim(claims: readonly Claim[]): Promise<ClaimedMail[]> {
    const ids = claims.map(() => uuidV7());
    const text = (of: (claim: Claim, index: number) => string | null) => toBinaryArray('text', claims.map(of));
    const asked = claims.flatMap((claim) => claim.addressKeys.map((key) => ({ claim, key })));
    const askedText = (of: (it: (typeof asked)[number]) => string) => toBinaryArray('text', asked.map(of));
    const values = [
      ...[toBinaryArray('uuid', ids), text((it) => it.tenant), text((it) => it.idempotencyKey), text(({ domain }, index) => `<${ids[index]}@${domain}>`)],
      ...[toBinaryArray('int', claims.map((it) => it.attempt)), text((it) => it.category ?? null)],
      ...[askedText(({ claim }) => claim.tenant), askedText(({ claim }) => claim.idempotencyKey), askedText(({ claim }) => claim.category ?? ''), askedText(({ key }) => key)],
    ];
    const rows = await this.db.$sql.query<ClaimRow>(CLAIM, values, 'email-claim');
    const found = new Map(rows.map((row) => [mailName(row), row]));
    return claims.map((claim) => {
      const row = found.get(mailName(claim));
      if (row === undefined) throw new Error('INSERT … RETURNING answered without the row of a claim');
      const { listed, ...delivery } = row;
      return { ...delivery, suppressed: listed === null ? NOBODY : new Set(listed) };
    });
  }

  /**
   * The mails' job ended with this attempt: the next one, if there is one, is a person's wish. Rows that are open or sent stay as they are. Idempotent.
   * @throws DATABASE_UNAVAILABLE, DATABASE_BUSY
   */
  async endAt(attempt: number, tenant: string, idempotencyKeys: readonly string[]): Promise<void> {
    if (idempotencyKeys.length === 0) return;
    await this.db.$executeRaw`
      UPDATE "email"."email_deliveries" SET attempts = ${attempt}
      WHERE tenant = ${tenant} AND idempotency_key = ANY(${[...idempotencyKeys]}::text[])
        AND status IN ('failed', 'unknown', 'suppressed') AND attempts <> ${attempt}`;
  }

  /** Whether the ledger can be written to; for readiness. */
  health(): HealthCheck {
    return databaseHealth(this.db);
  }
}

/** One text that names a mail. */
export function mailName({ tenant, idempotencyKey }: Pick<Claim, 'tenant' | 'idempotencyKey'>): string {
  return JSON.stringify([tenant, idempotencyKey]);
}
