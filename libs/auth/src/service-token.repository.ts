import type { Sql } from '@angarium/database';
import type { ServiceCaller } from './caller.js';
import { AuthErrors } from './errors.js';
import type { FoundCredential } from './found-credential.js';
import { createServiceToken, hashToken } from './tokens.js';

/** The one in use and the one that takes its place: a third would be one that nobody remembers. */
const MAX_VALID_COUNT = 2;
/** "svct": beside the hash of a service's name, so that locks of others are not met. */
const LOCK_CLASS = 0x73766374;
const IS_VALID = 'revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())';

export interface NewServiceToken {
  /** At most 100 characters. */
  readonly service: string;
  /** Permissions that routes ask for; `*` is all of them. */
  readonly permissions: readonly string[];
  /** From now; left out: never. */
  readonly expiresInMs?: number | undefined;
  /** Left out: a new one. */
  readonly token?: string | undefined;
}

/** A service token as lists show it; the token itself is stored nowhere. */
export interface ListedServiceToken {
  readonly id: string;
  readonly service: string;
  readonly permissions: readonly string[];
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  readonly isValid: boolean;
}

interface FoundRow {
  readonly hash: string;
  readonly service: string;
  readonly permissions: readonly string[];
  readonly isRevoked: boolean;
  readonly expiresInMs: number | null;
}

export class ServiceTokenRepository {
  constructor(private readonly sql: Pick<Sql, 'query' | 'execute' | 'transaction'>) {}

  /**
   * Stores the hash of a token. @returns the token too, which can be had this once.
   * @throws SERVICE_TOKENS_FULL when the service has two valid ones.
   */
  create({ service, permissions, expiresInMs, token = createServiceToken() }: NewServiceToken): Promise<{ readonly id: string; readonly token: string }> {
    return this.sql.transaction(async (tx) => {
      // two at once would both find room for one
      await tx.query('SELECT pg_advisory_xact_lock($1, hashtext($2))', [LOCK_CLASS, service]);
      const valid = await tx.query<{ id: string }>(`SELECT id FROM auth.service_tokens WHERE service = $1 AND ${IS_VALID} ORDER BY created_at`, [service]);
      if (valid.length >= MAX_VALID_COUNT) {
        throw AuthErrors.SERVICE_TOKENS_FULL(`${service} has ${valid.length} valid tokens (${valid.map((it) => it.id).join(', ')}); the limit is ${MAX_VALID_COUNT}. Revoke one, then make the new one.`);
      }
      const text = `
        INSERT INTO auth.service_tokens (service, token_hash, permissions, expires_at)
        VALUES ($1, $2, $3, now() + $4::float8 * interval '1 millisecond') RETURNING id`;
      const [row] = await tx.query<{ id: string }>(text, [service, hashToken(token), permissions, expiresInMs]);
      return { id: row?.id ?? '', token };
    });
  }

  /** All tokens, or those of one service, the newest first; ended ones too. */
  list(service?: string): Promise<ListedServiceToken[]> {
    const text = `
      SELECT id, service, permissions, created_at AS "createdAt", expires_at AS "expiresAt", revoked_at AS "revokedAt", ${IS_VALID} AS "isValid"
      FROM auth.service_tokens WHERE $1::text IS NULL OR service = $1 ORDER BY created_at DESC, id`;
    return this.sql.query<ListedServiceToken>(text, [service]);
  }

  /** Ends a token for good; services that know it let it go within 30 s. Idempotent. @returns whether there is such a token. */
  async revoke(id: string): Promise<boolean> {
    // services of the version before look at the expiry alone; that is a time, which a clock that is set back would undo
    const text = 'UPDATE auth.service_tokens SET revoked_at = coalesce(revoked_at, now()), expires_at = least(expires_at, now()) WHERE id = $1';
    return (await this.sql.execute(text, [id])) > 0;
  }

  /** What is known of the tokens with these hashes, by hash; those that nobody has are left out. */
  async findByHashes(hashes: readonly string[]): Promise<Map<string, FoundCredential<ServiceCaller>>> {
    const text = `
      SELECT token_hash AS hash, service, permissions, revoked_at IS NOT NULL AS "isRevoked", extract(epoch FROM expires_at - now())::float8 * 1000 AS "expiresInMs"
      FROM auth.service_tokens WHERE token_hash = ANY($1::bpchar[])`;
    const rows = await this.sql.query<FoundRow>(text, [hashes], 'auth.find-service-tokens');
    return new Map(rows.map(({ hash, service, permissions, isRevoked, expiresInMs }) => {
      const leftMs = expiresInMs ?? Infinity;
      return [hash, { caller: { kind: 'service', service, permissions: new Set(permissions) }, state: isRevoked ? 'revoked' : leftMs <= 0 ? 'expired' : 'valid', expiresInMs: leftMs }];
    }));
  }
}
