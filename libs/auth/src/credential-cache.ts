import { AngariumError, ignoreError, SharedErrors } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import { BatchLookup } from './batch-lookup.js';
import type { Caller } from './caller.js';
import type { FoundCredential } from './found-credential.js';
import { RecentMap } from './recent-map.js';
import { hashToken } from './tokens.js';

/**
 * What is known of credentials, by the hash of their tokens. One that is good is, since it was last looked up,
 *   for 10 s   used;
 *   for 30 s   used, and looked up again beside the call;
 *   later      looked up before it is used again, but while Postgres is away used for 10 minutes.
 * So one that is revoked ends within 30 s wherever Postgres answers. One that is not good is refused for 5 s without a look.
 * Nothing runs by itself, so there is nothing to stop.
 */
const FRESH_MS = 10_000;
const GOOD_MS = 30_000;
const USABLE_WHILE_AWAY_MS = 600_000;
const REFUSED_MS = 5_000;
/** A look at Postgres that takes longer than this does not hold up whom we know: it counts as away until it answers. */
const PATIENCE_MS = 1_000;
/** While it is away, pause between two looks for known credentials. */
const AWAY_PAUSE_MS = 1_000;
const MAX_GOOD_COUNT = 10_000;
/** Refused ones have a small place of their own: made-up tokens push out nothing but each other. */
const MAX_REFUSED_COUNT = 1_000;

export interface CredentialCacheOptions<C extends Caller> {
  /** For messages: `API key`. */
  readonly what: string;
  readonly find: (hashes: readonly string[]) => Promise<ReadonlyMap<string, FoundCredential<C>>>;
  readonly logger: Logger;
  /** Milliseconds of a clock that never jumps. Default: performance.now. */
  readonly now?: () => number;
}

interface Good<C> {
  readonly caller: C;
  readonly checkedAt: number;
  readonly expiresAt: number;
}

export class CredentialCache<C extends Caller> {
  private readonly good = new RecentMap<string, Good<C>>(MAX_GOOD_COUNT);
  private readonly refused = new RecentMap<string, { readonly until: number; readonly reason: string }>(MAX_REFUSED_COUNT);
  private readonly pending = new Map<string, Promise<C>>();
  private readonly lookup: BatchLookup<FoundCredential<C>>;
  private readonly now: () => number;
  private isAway = false;
  private nextLookAt = 0;

  constructor(private readonly options: CredentialCacheOptions<C>) {
    this.lookup = new BatchLookup(options.find);
    this.now = options.now ?? (() => performance.now());
  }

  /**
   * Who comes with this token: at once where it is known, else a promise.
   * @throws UNAUTHORIZED; UNAVAILABLE when it is not known and Postgres is away.
   */
  get(token: string): C | Promise<C> {
    const hash = hashToken(token);
    const now = this.now();
    const entry = this.good.get(hash);
    if (entry === undefined) {
      const refusal = this.refused.get(hash);
      if (refusal !== undefined && now < refusal.until) throw this.unauthorized(refusal.reason);
      return this.load(hash, now);
    }
    if (now >= entry.expiresAt) throw this.refuse(hash, now, 'has expired');
    const ageMs = now - entry.checkedAt;
    if (ageMs < FRESH_MS) return entry.caller;
    if (ageMs >= USABLE_WHILE_AWAY_MS) return this.load(hash, now);
    if (ageMs >= GOOD_MS && !this.isAway) return this.loadOrTrust(hash, now, entry.caller);
    if (!this.isAway || now >= this.nextLookAt) this.loadBeside(hash, now);
    return entry.caller;
  }

  private load(hash: string, now: number): Promise<C> {
    const running = this.pending.get(hash);
    if (running !== undefined) return running;
    const loading = this.lookup
      .find(hash)
      .then(
        (found) => this.note(hash, now, found),
        (error: unknown) => this.fail(error),
      )
      .finally(() => this.pending.delete(hash));
    this.pending.set(hash, loading);
    return loading;
  }

  private loadBeside(hash: string, now: number): void {
    if (this.pending.has(hash)) return;
    this.nextLookAt = now + AWAY_PAUSE_MS;
    const where = `credentials, looking up a known ${this.options.what}`;
    this.load(hash, now).catch(ignoreError(this.options.logger, where, 'it is noted for the next call, and looked up again when it is too old'));
  }

  private async loadOrTrust(hash: string, now: number, known: C): Promise<C> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), PATIENCE_MS);
    });
    try {
      const caller = await Promise.race([this.load(hash, now), late]);
      if (caller !== undefined) return caller;
      this.goesAway(`no answer within ${PATIENCE_MS} ms`);
    } catch (error) {
      if (!isOutage(error)) throw error;
    } finally {
      clearTimeout(timer);
    }
    return known;
  }

  private note(hash: string, now: number, found: FoundCredential<C> | undefined): C {
    this.comesBack();
    if (found?.state === 'valid') {
      this.refused.delete(hash);
      this.good.set(hash, { caller: found.caller, checkedAt: now, expiresAt: now + found.expiresInMs });
      return found.caller;
    }
    const reason = found === undefined ? 'is not known' : found.state === 'revoked' ? 'was revoked' : 'has expired';
    throw this.refuse(hash, now, reason);
  }

  private refuse(hash: string, now: number, reason: string): AngariumError {
    this.good.delete(hash);
    this.refused.set(hash, { until: now + REFUSED_MS, reason });
    return this.unauthorized(reason);
  }

  private fail(error: unknown): never {
    if (!isOutage(error)) throw error;
    this.goesAway(error.message);
    const message = `The ${this.options.what} cannot be checked now, because PostgreSQL does not answer. Try again in the seconds that retryAfter names.`;
    throw SharedErrors.UNAVAILABLE(message, { cause: error });
  }

  private goesAway(reason: string): void {
    this.nextLookAt = this.now() + AWAY_PAUSE_MS;
    if (this.isAway) return;
    this.isAway = true;
    this.options.logger.warn({ credential: this.options.what, reason, usableMs: USABLE_WHILE_AWAY_MS }, 'credentials cannot be looked up; known ones stay good for a while');
  }

  private comesBack(): void {
    if (!this.isAway) return;
    this.isAway = false;
    this.options.logger.info({ credential: this.options.what }, 'credentials can be looked up again');
  }

  private unauthorized(reason: string): AngariumError {
    return SharedErrors.UNAUTHORIZED(`The ${this.options.what} ${reason}. Use one that is valid; npm run keys lists and makes them.`);
  }
}

/** The database says of its outages 503; anything else is a fault of ours, which must not look like one that passes. */
function isOutage(error: unknown): error is AngariumError {
  return error instanceof AngariumError && error.status === 503;
}
