import { randomUUID } from 'node:crypto';
import { databaseHealth, InjectDatabase, type Database } from '@angarium/database';
import type { HealthCheck } from '@angarium/observability';
import { Injectable } from '@nestjs/common';
import type { Phone } from '../compose/parse-phone.js';
import { PhoneSealer } from './phone-sealer.js';

export type DeliveryStatus = 'claimed' | 'sending' | 'unknown' | 'sent' | 'delivered' | 'undelivered' | 'failed';

/** One SMS in the ledger. Ages are by the clock of Postgres, in milliseconds. */
export interface Delivery {
  readonly id: string;
  readonly status: DeliveryStatus;
  readonly provider: string | null;
  readonly providerMessageId: string | null;
  readonly segments: number | null;
  readonly sends: number;
  readonly refusedBy: readonly string[];
  readonly lastCode: string | null;
  readonly lastError: string | null;
  readonly isClosed: boolean;
  /** Since it was ordered, or opened again by a person. */
  readonly ageMs: number;
  /** Since a provider was last asked to send it. */
  readonly sendingAgeMs: number;
}

/** Names an SMS. */
export interface DeliveryKey {
  readonly tenant: string;
  readonly idempotencyKey: string;
  readonly position: number;
}

/** Which try of its job this is. */
export interface Attempt {
  /** 1 for the first. */
  readonly attempt: number;
  /** The last one that comes by itself. */
  readonly maxAttempts: number;
}

/** An SMS that nobody closed. */
export interface OpenDelivery extends Delivery, DeliveryKey {
  readonly phoneSealed: string;
  readonly country: Phone['country'];
}

/** Why a provider did not take it. */
export interface Refusal {
  readonly code: string;
  readonly reason: string;
  /** The provider that must not be asked again. */
  readonly refusedBy?: string;
}

const COLUMNS = `id::text AS id, status::text AS status, provider, provider_message_id AS "providerMessageId", segments, sends,
  refused_by AS "refusedBy", last_code AS "lastCode", last_error AS "lastError", closed_at IS NOT NULL AS "isClosed",
  (extract(epoch FROM now() - opened_at) * 1000)::float8 AS "ageMs",
  coalesce(extract(epoch FROM now() - sending_at) * 1000, 0)::float8 AS "sendingAgeMs"`;

const CLAIM = `
  INSERT INTO "sms"."sms_deliveries" AS ledger (id, tenant, idempotency_key, position, phone_sealed, phone_last4, country, attempts, last_attempt)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
  ON CONFLICT (tenant, idempotency_key, position) DO UPDATE SET
    attempts = CASE WHEN ledger.closed_at IS NULL THEN greatest(ledger.attempts, excluded.attempts) ELSE ledger.attempts END,
    last_attempt = CASE WHEN ledger.closed_at IS NULL THEN greatest(ledger.last_attempt, excluded.last_attempt) ELSE ledger.last_attempt END
  RETURNING ${COLUMNS}`;

const TAKE_QUIET = `
  UPDATE "sms"."sms_deliveries" SET updated_at = now()
  WHERE id IN (
    SELECT id FROM "sms"."sms_deliveries"
    WHERE status IN ('sending', 'unknown') AND closed_at IS NULL AND updated_at <= now() - $1::float8 * interval '1 millisecond'
    ORDER BY updated_at LIMIT $2 FOR UPDATE SKIP LOCKED)
  RETURNING ${COLUMNS}, tenant, idempotency_key AS "idempotencyKey", position, phone_sealed AS "phoneSealed", country`;

/**
 * The ledger of SMS. Each change names the state it comes from, so that of two workers one wins and the other sees it.
 * All methods throw DATABASE_UNAVAILABLE and DATABASE_BUSY.
 */
@Injectable()
export class DeliveryRepository {
  constructor(
    @InjectDatabase() private readonly db: Database<'sms'>,
    private readonly sealer: PhoneSealer,
  ) {}

  /** Enters an SMS, or finds it: one row per tenant, idempotency key and place of the phone. Idempotent. */
  async claim({ tenant, idempotencyKey, position }: DeliveryKey, { e164, country }: Phone, { attempt, maxAttempts }: Attempt): Promise<Delivery> {
    const id = randomUUID();
    const values = [id, tenant, idempotencyKey, position, this.sealer.seal(e164, id), e164.slice(-4), country, attempt, Math.max(attempt, maxAttempts)];
    const [row] = await this.db.$sql.query<Delivery>(CLAIM, values, 'sms-claim');
    if (row === undefined) throw new Error('INSERT … RETURNING answered without a row');
    return row;
  }

  /**
   * Opens an SMS again that failed, or of which nobody knows, where this attempt was asked for by a person. What was sent stays sent. Idempotent.
   * @returns whether it was opened
   */
  async reopen({ tenant, idempotencyKey, position }: DeliveryKey, attempt: number): Promise<boolean> {
    const changed = await this.db.$executeRaw`
      UPDATE "sms"."sms_deliveries"
      SET status = 'claimed', closed_at = NULL, refused_by = '{}', asks = 0, attempts = ${attempt}, last_attempt = ${attempt}, opened_at = now(), updated_at = now()
      WHERE tenant = ${tenant} AND idempotency_key = ${idempotencyKey} AND position = ${position}
        AND status IN ('failed', 'unknown') AND closed_at IS NOT NULL AND last_attempt < ${attempt}`;
    return changed > 0;
  }

  /** The job of these SMS ends with this attempt: the next one, if there is one, is a person's wish. Open rows stay as they are. Idempotent. */
  async endAt(attempt: number, { tenant, idempotencyKey }: Omit<DeliveryKey, 'position'>): Promise<void> {
    await this.db.$executeRaw`
      UPDATE "sms"."sms_deliveries" SET last_attempt = ${attempt}
      WHERE tenant = ${tenant} AND idempotency_key = ${idempotencyKey} AND status IN ('failed', 'unknown') AND closed_at IS NOT NULL
        AND last_attempt IS DISTINCT FROM ${attempt}`;
  }

  /**
   * SMS that a provider was asked to send, of which nothing was heard for `quietMs`, the longest silence first. Taking is a sign of life: of
   * two replicas one gets each, and nobody gets it again for as long.
   */
  takeQuiet(quietMs: number, limit: number): Promise<OpenDelivery[]> {
    return this.db.$sql.query<OpenDelivery>(TAKE_QUIET, [quietMs, limit]);
  }

  /**
   * Notes that a provider is about to be asked, before it is.
   * @returns the number of this try, or undefined where the row is no longer `claimed`: then it must not be sent.
   */
  async markSending(id: string, provider: string, segments: number, price: number): Promise<number | undefined> {
    const [row] = await this.db.$queryRaw<{ sends: number }[]>`
      UPDATE "sms"."sms_deliveries"
      SET status = 'sending', provider = ${provider}, provider_message_id = NULL, segments = ${segments}, price = ${price},
        sends = sends + 1, sending_at = now(), updated_at = now()
      WHERE id = ${id}::uuid AND status = 'claimed'
      RETURNING sends`;
    return row?.sends;
  }

  /** Nothing went out by this try: another may follow. @returns false where the row has moved on meanwhile. */
  async markNotSent(id: string, sends: number, { code, reason, refusedBy }: Refusal): Promise<boolean> {
    const changed = await this.db.$executeRaw`
      UPDATE "sms"."sms_deliveries"
      SET status = 'claimed', asks = 0, last_code = ${code}, last_error = ${reason.slice(0, 500)}, updated_at = now(),
        refused_by = CASE WHEN ${refusedBy ?? null}::text IS NULL THEN refused_by ELSE array_append(refused_by, ${refusedBy ?? null}::text) END
      WHERE id = ${id}::uuid AND sends = ${sends} AND status IN ('sending', 'unknown')`;
    return changed > 0;
  }

  /** Something may have gone out by this try. */
  async markUnknown(id: string, sends: number, reason: string): Promise<void> {
    await this.db.$executeRaw`
      UPDATE "sms"."sms_deliveries"
      SET status = 'unknown', last_code = 'SMS_OUTCOME_UNKNOWN', last_error = ${reason.slice(0, 500)}, updated_at = now()
      WHERE id = ${id}::uuid AND sends = ${sends} AND status = 'sending'`;
  }

  /** Counts that it was asked in vain what became of it. @returns how often so far */
  async noteAsk(id: string): Promise<number> {
    const [row] = await this.db.$queryRaw<{ asks: number }[]>`
      UPDATE "sms"."sms_deliveries" SET asks = asks + 1, status = CASE WHEN status = 'sending' THEN 'unknown' ELSE status END, updated_at = now()
      WHERE id = ${id}::uuid AND status IN ('sending', 'unknown') RETURNING asks`;
    return row?.asks ?? 0;
  }

  /** The phone of a row. @throws SECRET_KEY_UNKNOWN, SECRET_BROKEN */
  phoneOf({ id, phoneSealed, country }: OpenDelivery): Phone {
    return { e164: this.sealer.open(phoneSealed, id), country };
  }

  /** Whether the ledger can be written to; for readiness. */
  health(): HealthCheck {
    return databaseHealth(this.db);
  }
}
