import type { Addresses } from '@angarium/contracts';
import type { Logger } from '@angarium/observability';
import type { RedisConnection } from '@angarium/redis';
import { Inject } from '@nestjs/common';

export interface WatchOptions {
  /** Of the durable Redis, where the streams are. */
  readonly redisUrl: string;
  readonly reconnectMaxMs?: number;
  /** Longest wait for an answer of Redis, in milliseconds. Default 1 000. */
  readonly redisTimeoutMs?: number;
  readonly addresses: Addresses;
  readonly logger: Logger;
  /** Names this replica among its like. */
  readonly instance: string;
  /** Of the broker, as the API shows it. */
  readonly version: string;
}

const OPTIONS = Symbol('watch-options');
const REDIS = Symbol('watch-redis');

export const watchTokens = { options: OPTIONS, redis: REDIS } as const;
export const InjectWatchOptions = (): ParameterDecorator & PropertyDecorator => Inject(OPTIONS);
/** A connection that fails at once while Redis is away: figures without Redis are worth more than none. */
export const InjectWatchRedis = (): ParameterDecorator & PropertyDecorator => Inject(REDIS);
export type { RedisConnection };
