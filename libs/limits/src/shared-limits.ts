import { toRedisError, type RedisConnection } from '@angarium/redis';
import type { Redis } from 'ioredis';
import takeLimitsScript from './take-limits.lua';

/** One limit that all replicas share. */
export interface Limit {
  /** Names it, of all limits of its owner: `sms:phone:4f1c…`. No personal data: it is a key in Redis. */
  readonly name: string;
  /**
   * `sliding`: at most `capacity` in any window, exactly; for capacities up to 1 000 and whole costs.
   * `rate`: `capacity` in a window on average, a window's worth at once; any capacity.
   * `calendar`: a sum within windows that begin at multiples of `windowMs` since 1970, less `shiftMs`: a day's budget.
   */
  readonly kind: 'sliding' | 'rate' | 'calendar';
  readonly capacity: number;
  readonly windowMs: number;
  /** How much is taken. Default 1; a fraction only where it is a sum. */
  readonly cost?: number;
  /** Offset of a time zone from UTC, for `calendar`. Default 0. */
  readonly shiftMs?: number;
}

/** Either all limits let it pass, or the one that refuses longest says when to ask again; never where it asks for more than the limit is. */
export type LimitVerdict<L extends Limit = Limit> = { readonly isGranted: true } | { readonly isGranted: false; readonly limit: L; readonly waitMs: number };

type Scripted = Redis & Record<'angTakeLimits', (keyCount: number, ...keysAndArguments: (string | number)[]) => Promise<[refusing: number, waitMs: number]>>;

/**
 * Limits that all replicas of all services share, kept in Redis by one script: from several limits at once, all or none is taken.
 * The clock is that of Redis. What was taken is not given back.
 */
export class SharedLimits {
  private readonly redis: Scripted;

  /** @param namespace of the keys, REDIS_KEY_PREFIX. */
  constructor(
    redis: RedisConnection,
    private readonly namespace: string,
  ) {
    redis.defineCommand('angTakeLimits', { lua: takeLimitsScript });
    this.redis = redis as Scripted;
  }

  /** Takes from all of the limits, or from none. @throws REDIS_UNAVAILABLE where the connection does not wait; REDIS_REFUSED */
  take<L extends Limit>(limits: readonly L[]): Promise<LimitVerdict<L>> {
    return this.run('take', limits);
  }

  /** What `take` would say now; takes nothing. */
  peek<L extends Limit>(limits: readonly L[]): Promise<LimitVerdict<L>> {
    return this.run('peek', limits);
  }

  private async run<L extends Limit>(mode: 'take' | 'peek', limits: readonly L[]): Promise<LimitVerdict<L>> {
    if (limits.length === 0) return { isGranted: true };
    // one slot of a Redis Cluster, because one script may only touch one
    const keys = limits.map(({ name }) => `${this.namespace}:{limits}:${name}`);
    const given = limits.flatMap(({ kind, capacity, windowMs, cost = 1, shiftMs = 0 }) => [kind, capacity, windowMs, cost, shiftMs]);
    try {
      const [refusing, waitMs] = await this.redis.angTakeLimits(keys.length, ...keys, mode, ...given);
      const limit = limits[refusing - 1];
      return limit === undefined ? { isGranted: true } : { isGranted: false, limit, waitMs: waitMs < 0 ? Infinity : waitMs };
    } catch (error) {
      throw toRedisError(error);
    }
  }
}
