import { ignoreError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import type { Pool } from 'undici';

/** The connections to one origin. */
export interface OriginPool {
  readonly pool: Pool;
  /** Requests that are not answered yet. */
  openCount: number;
  usedAtMs: number;
}

/**
 * Connection pools by origin, at most `maxOrigins` of them: a new one beyond that closes the one that was used longest ago.
 * Only pools without an open request are closed, so there can be more while all of them are busy.
 * A pool that nobody uses holds no socket: undici closes idle ones after the keep-alive time.
 */
export class OriginPools {
  private readonly pools = new Map<string, OriginPool>();

  constructor(
    private readonly create: (origin: string) => Pool,
    private readonly maxOrigins: number,
    private readonly logger: Logger,
  ) {}

  get size(): number {
    return this.pools.size;
  }

  take(origin: string, nowMs: number): OriginPool {
    let it = this.pools.get(origin);
    if (it === undefined) {
      if (this.pools.size >= this.maxOrigins) this.closeOldest();
      it = { pool: this.create(origin), openCount: 0, usedAtMs: nowMs };
      this.pools.set(origin, it);
    }
    it.usedAtMs = nowMs;
    it.openCount++;
    return it;
  }

  /** Waits for the open requests. Idempotent. */
  async close(): Promise<void> {
    const all = [...this.pools.values()];
    this.pools.clear();
    await Promise.all(all.map(({ pool }) => pool.close()));
  }

  private closeOldest(): void {
    let oldest: [string, OriginPool] | undefined;
    for (const entry of this.pools) {
      if (entry[1].openCount === 0 && (oldest === undefined || entry[1].usedAtMs < oldest[1].usedAtMs)) oldest = entry;
    }
    if (oldest === undefined) return;
    this.pools.delete(oldest[0]);
    oldest[1].pool.close().catch(ignoreError(this.logger, 'egress.origin-pools', 'nobody uses these connections any more'));
  }
}
