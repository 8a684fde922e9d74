import type { TenantCaller } from '@angarium/auth';
import type { Addresses } from '@angarium/contracts';
import { describeError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import { toRedisError, type RedisConnection } from '@angarium/redis';
import type { Redis } from 'ioredis';
import takeRateScript from './take-rate.lua';

/** Permits are fetched for about this long at once: what a replica may have taken and not used. */
const CHUNK_MS = 50;
/** Credit that was not used for so long is let go: it would come on top of a burst. */
const CREDIT_LIFE_MS = 1_000;
/** Longer than this nobody waits for Redis to say whether he may publish. */
const REDIS_DEADLINE_MS = 100;
/** After Redis did not answer, it is not asked again for this long. */
const REDIS_PAUSE_MS = 1_000;
/** Tenants that nobody waits for are forgotten beyond this many; they fetch anew. */
const MAX_TENANT_COUNT = 10_000;
/** Most messages that one call may ask for: those of a batch. */
const LARGEST_TAKE = 1_000;

/** `true`, or how long to wait before the same count is likely to be had. */
export type RateVerdict = true | { readonly retryAfterMs: number };

export interface PublishRateOptions {
  /** Need not be durable. */
  readonly redis: RedisConnection;
  readonly addresses: Addresses;
  readonly logger: Logger;
  /** Messages a second of a tenant that has no rate of its own. */
  readonly defaultRate: number;
}

interface Waiter {
  readonly count: number;
  readonly resolve: (verdict: RateVerdict) => void;
}

interface Tenant {
  credit: number;
  /** What the credit was fetched for, and when. */
  rate: number;
  fetchedAt: number;
  readonly waiters: Waiter[];
  isFetching: boolean;
}

type Scripted = Redis & Record<'angTakeRate', (key: string, ...args: number[]) => Promise<[taken: number, free: number, waitMs: number]>>;

/**
 * Keeps each tenant below its messages a second, all replicas together, with one second's worth as burst. Each replica fetches
 * permits from Redis for 50 ms in advance, so that most publishes are answered from memory; that much (one chunk a replica) may come on top.
 * Redis away: everybody may publish, as a limiter must not be what stops the broker.
 */
export class PublishRate {
  private readonly redis: Scripted;
  private readonly tenants = new Map<string, Tenant>();
  private unavailableUntil = 0;
  private isAway = false;

  constructor(private readonly options: PublishRateOptions) {
    options.redis.defineCommand('angTakeRate', { numberOfKeys: 1, lua: takeRateScript });
    this.redis = options.redis as Scripted;
  }

  /**
   * Takes permits for `count` messages (at most 1 000) or for none. Answers at once where permits are at hand, else when Redis has answered,
   * after 100 ms at the latest. More than a second's worth is granted when the tenant has been quiet for a second, and paid off afterwards.
   * Never rejects.
   */
  take(caller: Pick<TenantCaller, 'tenantId' | 'publishRate'>, count: number): RateVerdict | Promise<RateVerdict> {
    const tenant = this.tenantOf(caller.tenantId);
    if (tenant.credit > 0 && (tenant.rate !== this.rateOf(caller) || performance.now() - tenant.fetchedAt > CREDIT_LIFE_MS)) tenant.credit = 0;
    // nobody overtakes those who wait
    if (tenant.waiters.length === 0 && tenant.credit >= count) {
      tenant.credit -= count;
      return true;
    }
    if (performance.now() < this.unavailableUntil || this.redis.status !== 'ready') return this.allowUnlimited('redis is not connected');
    return new Promise((resolve) => {
      tenant.waiters.push({ count, resolve });
      if (!tenant.isFetching) void this.serve(tenant, caller);
    });
  }

  private rateOf({ publishRate }: Pick<TenantCaller, 'publishRate'>): number {
    return publishRate ?? this.options.defaultRate;
  }

  private tenantOf(tenantId: string): Tenant {
    const known = this.tenants.get(tenantId);
    if (known !== undefined) return known;
    if (this.tenants.size >= MAX_TENANT_COUNT) {
      for (const [id, { isFetching }] of this.tenants) if (!isFetching) this.tenants.delete(id);
    }
    const made: Tenant = { credit: 0, rate: 0, fetchedAt: 0, waiters: [], isFetching: false };
    this.tenants.set(tenantId, made);
    return made;
  }

  /** Fetches until nobody waits; one fetch of a tenant at a time serves all who came meanwhile. Never rejects. */
  private async serve(tenant: Tenant, caller: Pick<TenantCaller, 'tenantId' | 'publishRate'>): Promise<void> {
    const { tenantId } = caller;
    const rate = this.rateOf(caller);
    tenant.isFetching = true;
    for (let first = tenant.waiters[0]; first !== undefined; first = tenant.waiters[0]) {
      const asked = tenant.waiters.reduce((sum, { count }) => sum + count, 0);
      try {
        const most = Math.max(asked - tenant.credit, Math.ceil((rate * CHUNK_MS) / 1_000));
        const [taken, free, waitMs] = await this.fetch(tenantId, rate, first.count - tenant.credit, most);
        Object.assign(tenant, { credit: tenant.credit + taken, rate, fetchedAt: performance.now() });
        settle(tenant, taken > 0 ? undefined : { free: tenant.credit + free, waitMs });
      } catch (error) {
        for (const { resolve } of tenant.waiters.splice(0)) resolve(this.allowUnlimited(describeError(toRedisError(error))));
      }
    }
    tenant.isFetching = false;
  }

  private async fetch(tenantId: string, rate: number, least: number, most: number): Promise<[taken: number, free: number, waitMs: number]> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' })), REDIS_DEADLINE_MS);
    });
    try {
      const answer = await Promise.race([this.redis.angTakeRate(this.options.addresses.mqKey('rate', tenantId), rate, least, most, LARGEST_TAKE), late]);
      this.answered();
      return answer;
    } finally {
      clearTimeout(timer);
    }
  }

  private answered(): void {
    if (this.isAway) this.options.logger.info('the publish rate is limited again');
    this.isAway = false;
  }

  private allowUnlimited(reason: string): true {
    if (!this.isAway) this.options.logger.warn({ reason }, 'the publish rate is not limited while redis is away');
    this.isAway = true;
    if (performance.now() >= this.unavailableUntil) this.unavailableUntil = performance.now() + REDIS_PAUSE_MS;
    return true;
  }
}

/** Serves in the order of coming what the credit covers; where nothing could be taken, refuses those whom even the free permits would not serve. */
function settle(tenant: Tenant, refused: { readonly free: number; readonly waitMs: number } | undefined): void {
  if (refused !== undefined) {
    const stay = tenant.waiters.filter(({ count, resolve }, at) => {
      // the first one was refused, whatever the count says: a wait of 0 would have it ask again and again
      const isRefused = at === 0 || count > refused.free;
      if (isRefused) resolve({ retryAfterMs: Math.max(1, refused.waitMs) });
      return !isRefused;
    });
    tenant.waiters.splice(0, tenant.waiters.length, ...stay);
    return;
  }
  let served = 0;
  for (const { count, resolve } of tenant.waiters) {
    if (count > tenant.credit) break;
    tenant.credit -= count;
    served++;
    resolve(true);
  }
  tenant.waiters.splice(0, served);
}
