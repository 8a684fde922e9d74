import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { Logger } from '@angarium/observability';
import { parseRedisUrl } from './redis-address.js';

/** A connection to one server, a sentinel-watched master, or a cluster. */
export type RedisConnection = Redis | Cluster;

export interface RedisConnectionOptions {
  readonly url: string;
  /** Shown in CLIENT LIST and in logs: `transport-reader`, `outbox` … */
  readonly name: string;
  readonly logger: Logger;
  /** Longest pause between attempts to reconnect; they begin at 50 ms and double, for ever. Default 1 000 ms. */
  readonly reconnectMaxMs?: number;
  /** A socket that is silent for this long while an answer is due counts as dead. Default 10 000 ms. */
  readonly silenceMs?: number;
  /** Other database number than the URL's. */
  readonly db?: number;
  /** Commands of one turn of the event loop leave in one write, not in one each. For connections with many at a time; a cluster does not. */
  readonly gathersWrites?: boolean;
  /** ioredis options that win over all of this. */
  readonly override?: RedisOptions;
}

/**
 * Opens a connection that never gives up: commands wait while Redis is away and are sent again when it is back
 * (so a write may happen twice: scripts that append check an id). Does not block; the socket connects in the background.
 */
export function connectRedis(options: RedisConnectionOptions): RedisConnection {
  const { url, name, logger, reconnectMaxMs = 1_000, silenceMs = 10_000 } = options;
  const retry = (times: number) => Math.min(reconnectMaxMs, 50 * 2 ** Math.min(times - 1, 16));
  const shared: RedisOptions = {
    connectionName: name,
    maxRetriesPerRequest: null,
    socketTimeout: silenceMs,
    connectTimeout: 5_000,
    keepAlive: 10_000,
    enableReadyCheck: true,
    ...(options.db === undefined ? {} : { db: options.db }),
  };
  const address = parseRedisUrl(url);
  const redis =
    address.kind === 'cluster'
      ? new Cluster([...address.nodes], {
          clusterRetryStrategy: retry,
          enableReadyCheck: true,
          redisOptions: { ...address.options, ...shared, ...options.override } as never,
        })
      : new (options.gathersWrites === true ? GatheringRedis : Redis)({ ...address.options, ...shared, retryStrategy: retry, sentinelRetryStrategy: retry, ...options.override });
  logState(redis, name, logger);
  return redis;
}

/** A write to a socket costs as much as a hundred lines of JavaScript. */
class GatheringRedis extends Redis {
  private gathering: Redis['stream'] | undefined;

  override sendCommand(...[command, stream]: Parameters<Redis['sendCommand']>): unknown {
    if (this.gathering === undefined && this.status === 'ready') {
      const socket = (this.gathering = this.stream);
      socket.cork();
      process.nextTick(() => {
        this.gathering = undefined;
        socket.uncork();
      });
    }
    return super.sendCommand(command, stream);
  }
}

/** One line when Redis goes, one when it is back; not one per attempt. */
function logState(redis: RedisConnection, name: string, logger: Logger): void {
  let isAway = false;
  redis.on('ready', () => {
    logger[isAway ? 'info' : 'debug']({ connection: name }, isAway ? 'redis is back' : 'redis connected');
    isAway = false;
  });
  redis.on('error', (err: Error) => {
    if (!isAway) logger.warn({ connection: name, reason: err.message }, 'redis is away; reconnecting');
    isAway = true;
  });
}

/** Ends a connection: what is in flight gets `graceMs` to be answered, then the socket is cut. Idempotent. */
export async function closeRedis(redis: RedisConnection, graceMs = 500): Promise<void> {
  if (redis.status === 'end') return;
  if (redis.status === 'ready') {
    const ended = new Promise<void>((resolve) => redis.once('end', () => resolve()));
    const deadline = new Promise<void>((resolve) => setTimeout(resolve, graceMs).unref());
    // a server that goes away before it answers QUIT closes the connection as well
    redis.quit().catch(() => undefined);
    await Promise.race([ended, deadline]);
  }
  if (connectionStatus(redis) !== 'end') redis.disconnect();
}

/** Read anew: the status changes while we wait, which the compiler cannot see. */
function connectionStatus(redis: RedisConnection): string {
  return redis.status;
}
