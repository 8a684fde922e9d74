import { connectRedis, type RedisConnection } from '@angarium/redis';
import type { WatchOptions } from './watch-options.js';

const DEFAULT_TIMEOUT_MS = 1_000;

/**
 * A connection of its own for watching: commands fail at once while Redis is away, and after the timeout while it is silent.
 * (The connections that carry messages wait instead; a health page that waits for Redis would tell nothing.)
 */
export function connectWatchRedis({ redisUrl, reconnectMaxMs, redisTimeoutMs = DEFAULT_TIMEOUT_MS, logger }: WatchOptions): RedisConnection {
  return connectRedis({
    url: redisUrl,
    name: 'mq-broker:watch',
    logger,
    ...(reconnectMaxMs === undefined ? {} : { reconnectMaxMs }),
    override: { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: redisTimeoutMs },
  });
}
