import type { GetUser, ResponseOf } from '@angarium/contracts';
import { InjectConfig } from '@angarium/service-shell';
import { Injectable } from '@nestjs/common';
import type { GatewayConfig } from '../config.js';

type User = ResponseOf<typeof GetUser>;
const MAX_COUNT = 10_000;

/** Users that this replica was asked for lately. Every replica forgets a user when its profile changes; a missed signal costs one lifetime. */
@Injectable()
export class UserCache {
  private readonly users = new Map<string, { user: User; until: number }>();
  private readonly lifeMs: number;

  constructor(@InjectConfig() config: GatewayConfig) {
    this.lifeMs = config.GATEWAY_USER_CACHE_MS;
  }

  get(userId: string): User | undefined {
    const known = this.users.get(userId);
    if (known === undefined || known.until > performance.now()) return known?.user;
    this.users.delete(userId);
    return undefined;
  }

  set(user: User): void {
    const oldest = this.users.size >= MAX_COUNT ? this.users.keys().next().value : undefined;
    if (oldest !== undefined) this.users.delete(oldest);
    if (this.lifeMs > 0) this.users.set(user.userId, { user, until: performance.now() + this.lifeMs });
  }

  forget(userId: string): void {
    this.users.delete(userId);
  }
}
