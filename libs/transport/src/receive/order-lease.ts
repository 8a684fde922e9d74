import type { Redis } from 'ioredis';
import { toRedisError, type RedisConnection } from '@angarium/redis';
import releaseScript from './scripts/release-lease.lua';
import renewScript from './scripts/renew-lease.lua';

type Leasing = Redis & Record<'angRenewLease' | 'angReleaseLease', (...args: (string | number)[]) => Promise<number>>;

/**
 * The right to read one stream in order: one replica of a group has it at a time.
 * It ends by itself when its holder dies; a holder that was paused finds out at the next `isHeld`.
 */
export class OrderLease {
  private readonly redis: Leasing;
  /** By this process' own clock, which a jump of the system clock does not move. */
  private heldUntil = 0;

  constructor(
    connection: RedisConnection,
    private readonly key: string,
    private readonly holder: string,
    private readonly lifeMs: number,
  ) {
    connection.defineCommand('angRenewLease', { numberOfKeys: 1, lua: renewScript });
    connection.defineCommand('angReleaseLease', { numberOfKeys: 1, lua: releaseScript });
    this.redis = connection as Leasing;
  }

  get isHeld(): boolean {
    return performance.now() < this.heldUntil;
  }

  /** Takes or renews the lease. @returns whether this replica has it. */
  async renew(): Promise<boolean> {
    const asked = performance.now();
    try {
      const hasIt = (await this.redis.angRenewLease(this.key, this.holder, this.lifeMs)) === 1;
      this.heldUntil = hasIt ? asked + this.lifeMs : 0;
      return hasIt;
    } catch (error) {
      throw toRedisError(error);
    }
  }

  async release(): Promise<void> {
    this.heldUntil = 0;
    await this.redis.angReleaseLease(this.key, this.holder);
  }
}
