import { toRedisError, type RedisConnection } from '@angarium/redis';
import type { Redis } from 'ioredis';
import slowLimitScript from './slow-limit.lua';
import takeLimitsScript from './take-limits.lua';

/** One limit that all replicas share. */
export interface Limit {
  /** Names it, of all limits of its owner: `sms:phone:4f1c…`. No personal data: it is a key in Redis. */
  readonly name: string;
  /**
   * `sliding`: at most `capacity` in any window, exactly; for capacities up to 1 000 and whole costs.
   * `rate`: `capacity` in a window on average, a window's worth at once; any capacity.
   * `adaptive`: as `rate`, but as slow as `slowDown` made it, growing back by a tenth of `capacity` a minute.
   * `calendar`: a sum within windows that begin at multiples of `windowMs` since 1970, less `shiftMs`: a day's budget.
   */
  readonly kind: 'sliding' | 'rate' | 'adaptive' | 'calendar';
  readonly capacity: number;
  readonly windowMs: number;
  /** How much is taken. Default 1; a fraction only where it is a sum. */
  readonly cost?: number;
  /** Offset of a time zone from UTC, for `calendar`. Default 0. */
  readonly shiftMs?: number;
  /** What an `adaptive` limit never falls below, in a window; may be a fraction. Default 1. */
  readonly floor?: number;
}

/** Either all limits let it pass, or the one that refuses longest says when to ask again; never where it asks for more than the limit is. */
export type LimitVerdict<L extends Limit = Limit> = { readonly isGranted: true } | { readonly isGranted: false; readonly limit: L; readonly waitMs: number };

interface Scripts {
  angTakeLimits(keyCount: number, ...keysAndArguments: (string | number)[]): Promise<[refusing: number, waitMs: number]>;
  angSlowLimit(keyCount: number, ...keysAndArguments: (string | number)[]): Promise<string>;
}
type Scripted = Redis & Scripts;

/** Calls to slow down within this are one. */
const SLOW_PAUSE_MS = 1_000;

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
    redis.defineCommand('angSlowLimit', { lua: slowLimitScript });
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

  /** Halves what an `adaptive` limit grants, for all replicas. @returns what is left of its capacity. @throws as `take` */
  async slowDown({ name, capacity, floor = 1 }: Limit): Promise<number> {
    try {
      return Number(await this.redis.angSlowLimit(1, this.keyOf(name), capacity, floor, SLOW_PAUSE_MS));
    } catch (error) {
      throw toRedisError(error);
    }
  }

  private keyOf(name: string): string {
    // one slot of a Redis Cluster, because one script may only touch one
    return `${this.namespace}:{limits}:${name}`;
  }

  private async run<L extends Limit>(mode: 'take' | 'peek', limits: readonly L[]): Promise<LimitVerdict<L>> {
    if (limits.length === 0) return { isGranted: true };
    const keys = limits.map(({ name }) => this.keyOf(name));
    const given = limits.flatMap(({ kind, capacity, windowMs, cost = 1, shiftMs = 0, floor = 1 }) => [kind, capacity, windowMs, cost, shiftMs, floor]);
    try {
      const [refusing, waitMs] = await this.redis.angTakeLimits(keys.length, ...keys, mode, ...given);
      const limit = limits[refusing - 1];
      return limit === undefined ? { isGranted: true } : { isGranted: false, limit, waitMs: waitMs < 0 ? Infinity : waitMs };
    } catch (error) {
      throw toRedisError(error);
    }
  }
}
