import type { SqlRunner } from '@angarium/database';
import { createEd25519Secret, createHmacSecret } from '../../flow/fan-out/webhook/sign-webhook.js';
import type { Sealer } from '../../sealer.js';

export type SignatureScheme = 'v1' | 'v1a';

/** A signing secret in plain text: shown once, never stored so, never logged. */
export interface ShownSecret {
  /** Null for Ed25519: the private key is nobody's but ours. */
  readonly secret: string | null;
  /** Of Ed25519, what receivers verify with; null for HMAC, whose secret verifies as well. */
  readonly publicKey: string | null;
}

/** All that sign at once; more would make the header of every call longer than receivers take. */
const MAX_SECRETS = 5;

/** What the secrets of a subscription are sealed for: they open for no other. */
export const sealContext = (subscriptionId: string): string => `webhook-secret:${subscriptionId}`;

/** Makes a signing secret and stores it sealed. */
export async function addSecret(tx: SqlRunner, sealer: Sealer, subscriptionId: string, scheme: SignatureScheme): Promise<ShownSecret> {
  const { secret, publicKey } = scheme === 'v1' ? { secret: createHmacSecret(), publicKey: null } : createEd25519Secret();
  const sealed = sealer.seal(secret, sealContext(subscriptionId));
  await tx.execute('INSERT INTO broker.webhook_secrets (subscription_id, scheme, sealed, public_key) VALUES ($1, $2, $3, $4)', [subscriptionId, scheme, sealed, publicKey]);
  return { secret: scheme === 'v1' ? secret : null, publicKey };
}

/** Lets the secrets of a subscription sign for so long yet, and removes those that signed their last. @returns when the last one ends; null when none is left. */
export async function expireSecrets(tx: SqlRunner, subscriptionId: string, overlapMs: number): Promise<Date | null> {
  await tx.execute(
    `UPDATE broker.webhook_secrets SET expires_at = least(coalesce(expires_at, 'infinity'), now() + $2 * interval '1 millisecond') WHERE subscription_id = $1`,
    [subscriptionId, overlapMs],
  );
  // the column is rounded to milliseconds, and may lie a little after now
  await tx.execute(
    `DELETE FROM broker.webhook_secrets WHERE subscription_id = $1 AND (expires_at <= now() + interval '1 millisecond' OR id NOT IN
       (SELECT id FROM broker.webhook_secrets WHERE subscription_id = $1 ORDER BY created_at DESC, id LIMIT $2))`,
    [subscriptionId, MAX_SECRETS - 1],
  );
  const [row] = await tx.query<{ readonly last: Date | null }>('SELECT max(expires_at) AS last FROM broker.webhook_secrets WHERE subscription_id = $1', [subscriptionId]);
  return row?.last ?? null;
}

/** Whether a secret of this scheme signs without end. */
export async function hasSecret(tx: SqlRunner, subscriptionId: string, scheme: SignatureScheme): Promise<boolean> {
  const rows = await tx.query('SELECT 1 FROM broker.webhook_secrets WHERE subscription_id = $1 AND scheme = $2 AND expires_at IS NULL LIMIT 1', [subscriptionId, scheme]);
  return rows.length > 0;
}
