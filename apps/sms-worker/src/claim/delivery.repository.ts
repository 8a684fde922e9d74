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

/** Why a provider did not take it. */
export interface Refusal {
  readonly code: string;
  readonly reason: string;
  /** The provider that must not be asked again. */
  readonly refusedBy?: string;
}

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
  async claim({ tenant, idempotencyKey, position }: DeliveryKey, { e164, country }: Phone, attempt: number): Promise<Delivery> {
    const id = randomUUID();
    const [row] = await this.db.$queryRaw<[Delivery]>`
      INSERT INTO "sms"."sms_deliveries" AS ledger (id, tenant, idempotency_key, position, phone_sealed, phone_last4, country, attempts)
      VALUES (${id}::uuid, ${tenant}, ${idempotencyKey}, ${position}, ${this.sealer.seal(e164, id)}, ${e164.slice(-4)}, ${country}, ${attempt})
      ON CONFLICT (tenant, idempotency_key, position) DO UPDATE
        SET attempts = CASE WHEN ledger.closed_at IS NULL THEN greatest(ledger.attempts, excluded.attempts) ELSE ledger.attempts END
      RETURNING id::text AS id, status::text AS status, provider, provider_message_id AS "providerMessageId", segments, sends,
        refused_by AS "refusedBy", last_code AS "lastCode", last_error AS "lastError", closed_at IS NOT NULL AS "isClosed",
        (extract(epoch FROM now() - created_at) * 1000)::float8 AS "ageMs",
        coalesce(extract(epoch FROM now() - sending_at) * 1000, 0)::float8 AS "sendingAgeMs"`;
    return row;
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

  /** Whether the ledger can be written to; for readiness. */
  health(): HealthCheck {
    return databaseHealth(this.db);
  }
}
