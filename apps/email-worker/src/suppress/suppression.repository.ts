import { InjectDatabase, type Database, type Transaction } from '@angarium/database';
import { Injectable } from '@nestjs/common';
import { uuidV7 } from '../claim/uuid-v7.js';

export const suppressionReasons = ['hard-bounce', 'complaint', 'unsubscribe', 'manual'] as const;
export type SuppressionReason = (typeof suppressionReasons)[number];

/** Who gets no mail, of which category (null: of any), why and how long (null: for ever). */
export interface Suppression {
  readonly addressKey: string;
  readonly category: string | null;
  readonly reason: SuppressionReason;
  readonly deliveryId: string | null;
  readonly expiresAt: Date | null;
}
export type StoredSuppression = Suppression & { readonly id: string; readonly createdAt: Date };

@Injectable()
export class SuppressionRepository {
  constructor(@InjectDatabase() private readonly db: Database<'email'>) {}

  /**
   * Puts an address on the list, or renews its entry; of two ends the later one counts. Idempotent.
   * @param tx to be one with the change that caused it. @throws DATABASE_UNAVAILABLE, DATABASE_BUSY
   */
  async put(tenant: string, entry: Suppression, tx: Transaction<'email'> = this.db): Promise<StoredSuppression> {
    const { addressKey, category, reason, deliveryId, expiresAt } = entry;
    const [row] = await tx.$queryRaw<(Omit<StoredSuppression, 'category'> & { category: string })[]>`
      INSERT INTO "email"."suppressions" AS listed (id, tenant, address_key, category, reason, delivery_id, expires_at)
      VALUES (${uuidV7()}::uuid, ${tenant}, ${addressKey}, ${category ?? ''}, ${reason}, ${deliveryId}::uuid, ${expiresAt}::timestamptz)
      ON CONFLICT (tenant, address_key, category) DO UPDATE SET
        reason = excluded.reason, delivery_id = excluded.delivery_id,
        expires_at = CASE WHEN excluded.reason <> 'manual' AND (listed.expires_at IS NULL OR listed.expires_at > excluded.expires_at) THEN listed.expires_at ELSE excluded.expires_at END
      RETURNING id::text AS id, address_key AS "addressKey", category, reason, delivery_id::text AS "deliveryId", expires_at AS "expiresAt", created_at AS "createdAt"`;
    if (row === undefined) throw new Error('INSERT … RETURNING answered without a row');
    return { ...row, category: row.category === '' ? null : row.category };
  }

  /** Newest first. @param before id of the last entry of the page before. @throws DATABASE_UNAVAILABLE, DATABASE_BUSY */
  async list(tenant: string, { addressKey, before, limit }: { addressKey?: string | undefined; before?: string | undefined; limit: number }): Promise<StoredSuppression[]> {
    const where = { tenant, ...(addressKey === undefined ? {} : { addressKey }), ...(before === undefined ? {} : { id: { lt: before } }) };
    const rows = await this.db.emailSuppression.findMany({ where, orderBy: { id: 'desc' }, take: limit });
    return rows.map((row) => ({ ...row, category: row.category === '' ? null : row.category, reason: row.reason as SuppressionReason }));
  }

  /** @returns whether there was such an entry. @throws DATABASE_UNAVAILABLE, DATABASE_BUSY */
  async remove(tenant: string, addressKey: string, category: string | null): Promise<boolean> {
    const { count } = await this.db.emailSuppression.deleteMany({ where: { tenant, addressKey, category: category ?? '' } });
    return count > 0;
  }
}
