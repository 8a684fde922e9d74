import type { Sql } from '@angarium/database';
import type { Sealer } from '@angarium/secrets';
import type { CatalogSignals } from '../../../catalog/catalog-signals.js';
import type { SigningKey } from './sign-webhook.js';

/** A key whose overlap ended is used at most this much longer, a new one that much later (where the signal was not heard). */
const FRESH_MS = 30_000;

/** The signing keys of each webhook, opened once and remembered for a while. */
export class WebhookKeys {
  private readonly known = new Map<string, { readonly keys: Promise<readonly SigningKey[]>; readonly readAt: number }>();

  constructor(
    private readonly sql: Sql,
    private readonly sealer: Sealer,
    signals: CatalogSignals,
  ) {
    signals.onChange(({ kind, id }) => kind === 'subscription' && this.known.delete(id));
  }

  /** All keys that sign now, the youngest first. @throws DATABASE_UNAVAILABLE, SECRET_KEY_UNKNOWN, SECRET_BROKEN */
  of(subscriptionId: string): Promise<readonly SigningKey[]> {
    const known = this.known.get(subscriptionId);
    if (known !== undefined && performance.now() - known.readAt < FRESH_MS) return known.keys;
    const keys = this.read(subscriptionId);
    this.known.set(subscriptionId, { keys, readAt: performance.now() });
    // while Postgres is away the old ones go on signing
    keys.catch(() => (known === undefined ? this.known.delete(subscriptionId) : this.known.set(subscriptionId, { ...known, readAt: performance.now() - FRESH_MS / 2 })));
    return known === undefined ? keys : keys.catch(() => known.keys);
  }

  private async read(subscriptionId: string): Promise<readonly SigningKey[]> {
    const rows = await this.sql.query<{ scheme: SigningKey['scheme']; sealed: string }>(
      `SELECT scheme, sealed FROM broker.webhook_secrets WHERE subscription_id = $1 AND (expires_at IS NULL OR expires_at > now()) ORDER BY created_at DESC`,
      [subscriptionId],
      'webhook-keys',
    );
    return rows.map(({ scheme, sealed }) => ({ scheme, secret: this.sealer.open(sealed, `webhook-secret:${subscriptionId}`) }));
  }
}
