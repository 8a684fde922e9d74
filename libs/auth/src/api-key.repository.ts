import type { SqlRunner } from '@angarium/database';
import { scopes, type Scope, type TenantCaller } from './caller.js';
import type { FoundCredential } from './found-credential.js';
import { createApiKeyToken, hashToken } from './tokens.js';

export interface NewApiKey {
  readonly tenantId: string;
  /** At most 100 characters. Keys of a tenant may share it: the old and the new one while they are changed. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** From now; left out: never. */
  readonly expiresInMs?: number | undefined;
  /** Left out: a new one. */
  readonly token?: string | undefined;
}

/** An API key as lists show it; the key itself is stored nowhere. */
export interface ListedApiKey {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  readonly isValid: boolean;
}

interface FoundRow {
  readonly hash: string;
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly tenantId: string;
  readonly tenantName: string;
  readonly publishRate: number | null;
  readonly isRevoked: boolean;
  readonly expiresInMs: number | null;
}

export class ApiKeyRepository {
  constructor(private readonly sql: SqlRunner) {}

  /** Stores the hash of a key. @returns the key too, which can be had this once. */
  async create({ tenantId, name, scopes, expiresInMs, token = createApiKeyToken() }: NewApiKey): Promise<{ readonly id: string; readonly token: string }> {
    const text = `
      INSERT INTO auth.api_keys (tenant_id, name, key_hash, scopes, expires_at)
      VALUES ($1, $2, $3, $4, now() + $5::float8 * interval '1 millisecond') RETURNING id`;
    const [row] = await this.sql.query<{ id: string }>(text, [tenantId, name, hashToken(token), scopes, expiresInMs]);
    return { id: row?.id ?? '', token };
  }

  /** All keys, or those of one tenant, the newest first; revoked and expired ones too. */
  list(tenantName?: string): Promise<ListedApiKey[]> {
    const text = `
      SELECT k.id, t.name AS tenant, k.name, k.scopes, k.created_at AS "createdAt", k.expires_at AS "expiresAt", k.revoked_at AS "revokedAt",
             k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now()) AS "isValid"
      FROM auth.api_keys k JOIN auth.tenants t ON t.id = k.tenant_id
      WHERE $1::text IS NULL OR t.name = $1 ORDER BY k.created_at DESC, k.id`;
    return this.sql.query<ListedApiKey>(text, [tenantName]);
  }

  /** Ends a key for good; services that know it let it go within 30 s. Idempotent. @returns whether there is such a key. */
  async revoke(id: string): Promise<boolean> {
    return (await this.sql.execute('UPDATE auth.api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE id = $1', [id])) > 0;
  }

  /** What is known of the keys with these hashes, by hash; those that nobody has are left out. */
  async findByHashes(hashes: readonly string[]): Promise<Map<string, FoundCredential<TenantCaller>>> {
    const text = `
      SELECT k.key_hash AS hash, k.id, k.name, k.scopes, t.id AS "tenantId", t.name AS "tenantName", t.publish_rate AS "publishRate",
             k.revoked_at IS NOT NULL AS "isRevoked", extract(epoch FROM k.expires_at - now())::float8 * 1000 AS "expiresInMs"
      FROM auth.api_keys k JOIN auth.tenants t ON t.id = k.tenant_id WHERE k.key_hash = ANY($1::bpchar[])`;
    const rows = await this.sql.query<FoundRow>(text, [hashes], 'auth.find-api-keys');
    return new Map(rows.map((row) => [row.hash, foundKey(row)]));
  }
}

function foundKey({ id, name, tenantId, tenantName, publishRate, isRevoked, expiresInMs, ...row }: FoundRow): FoundCredential<TenantCaller> {
  // a scope that a later version stored allows nothing here
  const known = new Set(scopes.filter((it) => row.scopes.includes(it)));
  const caller: TenantCaller = { kind: 'tenant', tenantId, tenantName, keyId: id, keyName: name, scopes: known, publishRate: publishRate ?? undefined };
  const leftMs = expiresInMs ?? Infinity;
  return { caller, state: isRevoked ? 'revoked' : leftMs <= 0 ? 'expired' : 'valid', expiresInMs: leftMs };
}
