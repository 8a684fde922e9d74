import { databaseHealth, InjectDatabase, type Database } from '@angarium/database';
import type { HealthCheck } from '@angarium/observability';
import { Injectable } from '@nestjs/common';
import { uuidV7 } from './uuid-v7.js';

/** One mail in the ledger. */
export interface Delivery {
  readonly id: string;
  readonly messageId: string;
  readonly status: 'claimed' | 'sent' | 'failed';
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
}

@Injectable()
export class DeliveryRepository {
  constructor(@InjectDatabase() private readonly db: Database<'email'>) {}

  /**
   * Enters the mail into the ledger, or finds it there: one row per tenant and idempotency key, with the id and Message-ID it was first
   * given. Whoever finds `sent` or `failed` must not send. Idempotent.
   * @throws DATABASE_UNAVAILABLE, DATABASE_BUSY
   */
  async claim({ tenant, idempotencyKey, attempt, domain }: Claim): Promise<Delivery> {
    const id = uuidV7();
    // one statement: of two claims at once exactly one inserts, and the other sees its row
    const [delivery] = await this.db.$queryRaw<Delivery[]>`
      INSERT INTO "email"."email_deliveries" AS ledger (id, tenant, idempotency_key, message_id, attempts)
      VALUES (${id}::uuid, ${tenant}, ${idempotencyKey}, ${`<${id}@${domain}>`}, ${attempt})
      ON CONFLICT (tenant, idempotency_key) DO UPDATE
        SET attempts = CASE WHEN ledger.status = 'claimed' THEN greatest(ledger.attempts, excluded.attempts) ELSE ledger.attempts END
      RETURNING id::text AS id, message_id AS "messageId", status::text AS status,
        accepted_count AS "acceptedCount", rejected_count AS "rejectedCount", last_error AS "lastError"`;
    if (delivery === undefined) throw new Error('INSERT … RETURNING answered without a row');
    return delivery;
  }

  /** Whether the ledger can be written to; for readiness. */
  health(): HealthCheck {
    return databaseHealth(this.db);
  }
}
