import type { PayloadOf, StartVerification } from '@angarium/contracts';
import { InjectDatabase, type Database, type Transaction } from '@angarium/database';
import { Injectable } from '@nestjs/common';

export type VerificationStatus = 'pending' | 'approved' | 'expired' | 'canceled' | 'max_attempts';

export const MAX_ATTEMPTS = 5;

/** One verification; times by the clock of Postgres, so that all replicas share one. */
export interface Verification {
  readonly id: string;
  readonly purpose: string;
  readonly phoneHash: string;
  readonly codeHash: string;
  readonly status: VerificationStatus;
  readonly attempts: number;
  readonly sends: number;
  readonly expiresAt: Date;
  /** Until the code may be sent again. */
  readonly resendAfterMs: number;
}

/** For whom a code is: within one of these there is at most one code at a time. */
export type VerificationSubject = Pick<PayloadOf<typeof StartVerification>, 'purpose'> & { readonly tenant: string; readonly phoneHash: string };

export interface NewVerification {
  readonly id: string;
  readonly codeHash: string;
  readonly codeSealed: string;
}

export interface StartSettings {
  readonly lifeMs: number;
  /** First pause before the code may be sent again; each is twice the one before. */
  readonly resendMs: number;
}

/** All methods throw DATABASE_UNAVAILABLE and DATABASE_BUSY. */
@Injectable()
export class VerificationRepository {
  constructor(@InjectDatabase() private readonly db: Database<'sms'>) {}

  /**
   * Begins a verification, or takes up the one that lives: of two calls at once one begins and the other finds it.
   * @returns it, and whether its code is to be sent now: `new`, `again`, or `not-yet`
   */
  startOrResume({ tenant, phoneHash, purpose }: VerificationSubject, made: NewVerification, { lifeMs, resendMs }: StartSettings): Promise<Verification & { readonly due: 'new' | 'again' | 'not-yet' }> {
    return this.db.$transaction(async (tx) => {
      await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${JSON.stringify([tenant, phoneHash, purpose])}, 7))`;
      const [resumed] = await tx.$queryRaw<Verification[]>`
        UPDATE "sms"."verifications" SET sends = sends + 1, resend_at = now() + ${resendMs} * interval '1 ms' * (2 ^ least(sends, 16))
        WHERE tenant = ${tenant} AND phone_hash = ${phoneHash} AND purpose = ${purpose} AND status = 'pending' AND expires_at > now() AND resend_at <= now()
        RETURNING id::text AS id, purpose, phone_hash AS "phoneHash", code_hash AS "codeHash", status::text AS status, attempts, sends, expires_at AS "expiresAt",
          greatest(extract(epoch FROM resend_at - now()) * 1000, 0)::float8 AS "resendAfterMs"`;
      if (resumed !== undefined) return { ...resumed, due: 'again' as const };
      const living = await findLiving(tx, { tenant, phoneHash, purpose });
      if (living !== undefined) return { ...living, due: 'not-yet' as const };
      const [begun] = await tx.$queryRaw<[Verification]>`
        INSERT INTO "sms"."verifications" (id, tenant, purpose, phone_hash, code_hash, code_sealed, expires_at, resend_at)
        VALUES (${made.id}::uuid, ${tenant}, ${purpose}, ${phoneHash}, ${made.codeHash}, ${made.codeSealed},
          now() + ${lifeMs} * interval '1 ms', now() + ${resendMs} * interval '1 ms')
        RETURNING id::text AS id, purpose, phone_hash AS "phoneHash", code_hash AS "codeHash", status::text AS status, attempts, sends, expires_at AS "expiresAt",
          ${resendMs}::float8 AS "resendAfterMs"`;
      return { ...begun, due: 'new' as const };
    });
  }

  /** The verification of a subject that lives, if there is one. */
  findLiving(subject: VerificationSubject): Promise<Verification | undefined> {
    return findLiving(this.db, subject);
  }

  /** The code of a verification that still lives, for sending. */
  async findToSend(tenant: string, id: string): Promise<{ id: string; codeSealed: string; leftMs: number } | undefined> {
    const [row] = await this.db.$queryRaw<{ id: string; codeSealed: string; leftMs: number }[]>`
      SELECT id::text AS id, code_sealed AS "codeSealed", (extract(epoch FROM expires_at - now()) * 1000)::float8 AS "leftMs" FROM "sms"."verifications"
      WHERE id = ${id}::uuid AND tenant = ${tenant} AND status = 'pending' AND expires_at > now() AND code_sealed IS NOT NULL`;
    return row;
  }

  /** The youngest verification of a subject, whatever became of it. */
  async findLast({ tenant, phoneHash, purpose }: VerificationSubject): Promise<{ id: string } | undefined> {
    const [row] = await this.db.$queryRaw<{ id: string }[]>`
      SELECT id::text AS id FROM "sms"."verifications"
      WHERE tenant = ${tenant} AND phone_hash = ${phoneHash} AND purpose = ${purpose} ORDER BY created_at DESC LIMIT 1`;
    return row;
  }

  /** Spends one try, before the code is looked at, so that no number of calls at once has more of them. @returns undefined where no try is left or it is over */
  async spendAttempt(tenant: string, id: string): Promise<Verification | undefined> {
    const [row] = await this.db.$queryRaw<Verification[]>`
      UPDATE "sms"."verifications" SET attempts = attempts + 1
      WHERE id = ${id}::uuid AND tenant = ${tenant} AND status = 'pending' AND expires_at > now() AND attempts < ${MAX_ATTEMPTS}
      RETURNING id::text AS id, purpose, phone_hash AS "phoneHash", code_hash AS "codeHash", status::text AS status, attempts, sends, expires_at AS "expiresAt", 0::float8 AS "resendAfterMs"`;
    return row;
  }

  /** Ends a pending verification; its code is gone with it. @returns whether this call ended it: of many at once, one */
  async close(tenant: string, id: string, status: Exclude<VerificationStatus, 'pending'>): Promise<boolean> {
    const changed = await this.db.$executeRaw`
      UPDATE "sms"."verifications" SET status = ${status}::"sms"."verification_status", code_sealed = NULL, closed_at = now()
      WHERE id = ${id}::uuid AND tenant = ${tenant} AND status = 'pending'`;
    return changed > 0;
  }

  /** How a verification stands: `expired` as soon as its time is over, whoever has noted it. */
  async standing(tenant: string, id: string): Promise<{ status: VerificationStatus; attempts: number } | undefined> {
    const [row] = await this.db.$queryRaw<{ status: VerificationStatus; attempts: number }[]>`
      SELECT CASE WHEN status = 'pending' AND expires_at <= now() THEN 'expired' ELSE status::text END AS status, attempts
      FROM "sms"."verifications" WHERE id = ${id}::uuid AND tenant = ${tenant}`;
    return row;
  }

  /** Ends what is over and forgets its codes; removes what ended long ago. @returns how many ended */
  async expire(keepMs: number): Promise<number> {
    const ended = await this.db.$executeRaw`
      UPDATE "sms"."verifications" SET status = 'expired', code_sealed = NULL, closed_at = now() WHERE status = 'pending' AND expires_at <= now()`;
    await this.db.$executeRaw`DELETE FROM "sms"."verifications" WHERE status <> 'pending' AND expires_at < now() - ${keepMs} * interval '1 ms'`;
    return ended;
  }
}

async function findLiving(tx: Transaction<'sms'>, { tenant, phoneHash, purpose }: VerificationSubject): Promise<Verification | undefined> {
  const [row] = await tx.$queryRaw<Verification[]>`
    SELECT id::text AS id, purpose, phone_hash AS "phoneHash", code_hash AS "codeHash", status::text AS status, attempts, sends, expires_at AS "expiresAt",
      greatest(extract(epoch FROM resend_at - now()) * 1000, 0)::float8 AS "resendAfterMs"
    FROM "sms"."verifications"
    WHERE tenant = ${tenant} AND phone_hash = ${phoneHash} AND purpose = ${purpose} AND status = 'pending' AND expires_at > now()
    ORDER BY created_at DESC LIMIT 1`;
  return row;
}
