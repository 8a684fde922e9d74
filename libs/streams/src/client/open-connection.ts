import { Cluster, type RedisOptions } from 'ioredis';
import type { Logger } from '@angarium/observability';
import { connectRedis, type RedisConnection } from '@angarium/redis';
import { DEFAULT_REDIS_URL, type StreamsClientOptions } from './options.js';

/**
 * A command is never kept for later and never sent again by the connection: one that was not answered fails when the
 * socket breaks, and whoever sent it knows whether to repeat it. (0 retries is also what makes ioredis settle it at all.)
 */
const nothingLater = {
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  enableOfflineQueue: false,
  // ioredis leaves a timer of this length behind when it is closed while Redis is away; it would hold the process.
  disconnectTimeout: 200,
} as const;

/** Opens one socket of a streams client. Does not block. */
export function openConnection(options: StreamsClientOptions, name: string, logger: Logger): RedisConnection {
  const { connection, redisUrl = DEFAULT_REDIS_URL, reconnectMaxMs } = options;
  const opened =
    connection === undefined
      ? connectRedis({ url: redisUrl, name, logger, override: nothingLater, ...(reconnectMaxMs === undefined ? {} : { reconnectMaxMs }) })
      : copyOf(connection, name, logger, reconnectMaxMs);
  // Every stream that waits for Redis to come back listens here; their number has no limit worth a warning.
  return opened.setMaxListeners(0);
}

function copyOf(connection: RedisConnection, name: string, logger: Logger, reconnectMaxMs = 1_000): RedisConnection {
  const retry = (times: number) => Math.min(reconnectMaxMs, 50 * 2 ** Math.min(times - 1, 16));
  const override: RedisOptions = { ...nothingLater, connectionName: name, keyPrefix: '', lazyConnect: false, socketTimeout: 10_000 };
  const copy =
    connection instanceof Cluster
      ? connection.duplicate([], { keyPrefix: '', lazyConnect: false, clusterRetryStrategy: retry, redisOptions: override as never })
      : connection.duplicate({ ...override, retryStrategy: retry });
  copy.on('error', (error: Error) => logger.debug({ connection: name, reason: error.message }, 'redis connection failed'));
  return copy;
}
