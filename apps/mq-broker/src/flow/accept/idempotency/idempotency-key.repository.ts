import type { Sql } from '@angarium/database';

/** A key is its tenant's, whichever API key it came with: a rotated credential repeats nothing. */
export interface KeyName {
  readonly tenantId: string;
  readonly key: string;
}

export interface Claim extends KeyName {
  /** Id of the route's contract. */
  readonly route: string;
  /** SHA-256 of what was asked, hex. */
  readonly bodyHash: string;
  /** UUID: proves that the marker is one's own. */
  readonly leaseToken: string;
  readonly leaseMs: number;
  /** How long the answer is kept. */
  readonly keepMs: number;
}

/** What stands under a key: nothing, the marker of a request (lapsed: its holder is gone), or the first answer (JSON text, null where it has no body). */
export type KeyState =
  | { readonly kind: 'free' }
  | { readonly kind: 'running'; readonly bodyHash: string; readonly isLapsed: boolean }
  | { readonly kind: 'answered'; readonly bodyHash: string; readonly answer: string | null };

interface Row {
  readonly body_hash: string;
  readonly status_code: number | null;
  readonly answer: string | null;
  readonly is_lapsed: boolean;
}

// An answer whose time is over counts as absent. A marker whose holder died may be taken over, but only by the same request:
// nobody knows whether the first one took effect, so another one under its key stays refused.
const CLAIM = `
INSERT INTO broker.idempotency_keys AS k (tenant_id, key, route, body_hash, lease_token, lease_until, expires_at)
VALUES ($1, $2, $3, $4, $5, clock_timestamp() + $6 * interval '1 millisecond', clock_timestamp() + $7 * interval '1 millisecond')
ON CONFLICT (tenant_id, key) DO UPDATE
  SET route = excluded.route, body_hash = excluded.body_hash, status_code = NULL, answer = NULL,
      lease_token = excluded.lease_token, lease_until = excluded.lease_until, created_at = clock_timestamp(), expires_at = excluded.expires_at
  WHERE k.expires_at <= clock_timestamp()
     OR (k.status_code IS NULL AND k.lease_until <= clock_timestamp() AND k.body_hash = excluded.body_hash)`;
const READ = `
SELECT body_hash, status_code, answer, (status_code IS NULL AND lease_until <= clock_timestamp()) AS is_lapsed
FROM broker.idempotency_keys WHERE tenant_id = $1 AND key = $2 AND expires_at > clock_timestamp()`;
const RENEW = `
UPDATE broker.idempotency_keys SET lease_until = clock_timestamp() + $4 * interval '1 millisecond'
WHERE tenant_id = $1 AND key = $2 AND lease_token = $3 AND status_code IS NULL`;
const STORE = `
UPDATE broker.idempotency_keys SET status_code = $4, answer = $5, expires_at = clock_timestamp() + $6 * interval '1 millisecond'
WHERE tenant_id = $1 AND key = $2 AND lease_token = $3 AND status_code IS NULL`;
const RELEASE = 'DELETE FROM broker.idempotency_keys WHERE tenant_id = $1 AND key = $2 AND lease_token = $3 AND status_code IS NULL';
const REMOVE_EXPIRED = `
DELETE FROM broker.idempotency_keys WHERE (tenant_id, key) IN (
  SELECT tenant_id, key FROM broker.idempotency_keys WHERE expires_at <= clock_timestamp() ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)`;

/** The rows of broker.idempotency_keys, each write whole in one statement. Leases are by Postgres' clock. All throw DATABASE_UNAVAILABLE, DATABASE_BUSY. */
export class IdempotencyKeyRepository {
  constructor(private readonly sql: Sql) {}

  /** Puts one's marker under a free key. @returns whether it is there now. */
  async claim({ tenantId, key, route, bodyHash, leaseToken, leaseMs, keepMs }: Claim): Promise<boolean> {
    return (await this.sql.execute(CLAIM, [tenantId, key, route, bodyHash, leaseToken, leaseMs, keepMs], 'idempotency-claim')) === 1;
  }

  /** Looks without locking, as many may wait for one key. */
  async read({ tenantId, key }: KeyName): Promise<KeyState> {
    const [row] = await this.sql.query<Row>(READ, [tenantId, key], 'idempotency-read');
    if (row === undefined) return { kind: 'free' };
    const bodyHash = row.body_hash;
    if (row.status_code !== null) return { kind: 'answered', bodyHash, answer: row.answer };
    return { kind: 'running', bodyHash, isLapsed: row.is_lapsed };
  }

  /** @returns whether the marker is still one's own. */
  async renew({ tenantId, key, leaseToken, leaseMs }: Claim): Promise<boolean> {
    return (await this.sql.execute(RENEW, [tenantId, key, leaseToken, leaseMs], 'idempotency-renew')) === 1;
  }

  /** Turns one's marker into the answer. @returns whether it was still one's own. */
  async store({ tenantId, key, leaseToken, keepMs }: Claim, statusCode: number, answer: string | null): Promise<boolean> {
    return (await this.sql.execute(STORE, [tenantId, key, leaseToken, statusCode, answer, keepMs], 'idempotency-store')) === 1;
  }

  /** Takes one's marker away, so that the caller may try again. */
  async release({ tenantId, key, leaseToken }: Claim): Promise<void> {
    await this.sql.execute(RELEASE, [tenantId, key, leaseToken]);
  }

  /** Removes at most `limit` keys whose time is over. @returns how many. */
  removeExpired(limit: number): Promise<number> {
    return this.sql.execute(REMOVE_EXPIRED, [limit]);
  }
}
