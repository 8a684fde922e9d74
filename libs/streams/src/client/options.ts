import type { Logger } from '@angarium/observability';
import type { RedisConnection } from '@angarium/redis';
import { StreamErrors } from '../errors.js';
import { defaultLogger } from './default-logger.js';

/** Settings that `getStatus` reports; none of them is secret. */
export interface StreamsClientConfig {
  /** Longest wait of one blocking read; at most 5 000 ms are asked of Redis at a time, so that a dead socket is noticed. Default 5 000 ms. */
  readonly defaultBlockMs: number;
  /** Most messages that one read takes. Default 10. */
  readonly defaultCount: number;
  /** Pause between two automatic trims. Default 3 600 000 ms (an hour). */
  readonly autoTrimInterval: number;
  /** Length to which a stream is trimmed automatically. Default 10 000 messages. */
  readonly defaultMaxLen: number;
  /** Default true. */
  readonly enableAutoTrim: boolean;
  /** `open` (default): a failing call returns null, false, 0 or [] and is logged. `closed`: it throws an AngariumError. */
  readonly failureMode: 'open' | 'closed';
  /** How long a call waits for Redis before it gives up. Default 2 000 ms. */
  readonly publishTimeoutMs: number;
  /** Messages whose JSON is longer are packed (gzip); readers need no setting. Default: off. */
  readonly compressAboveBytes?: number;
  /** Stands before every stream name in Redis. Default: nothing. */
  readonly keyPrefix: string;
}

export interface StreamsClientOptions extends Partial<StreamsClientConfig> {
  /** `redis://`, `rediss://`, `redis+sentinel://` or `redis+cluster://`. Default redis://127.0.0.1:6379. */
  readonly redisUrl?: string;
  /** Instead of `redisUrl`: a connection whose address and login are used. The client opens sockets of its own and leaves this one alone. */
  readonly connection?: RedisConnection;
  /** Longest pause between attempts to reconnect; they begin at 50 ms and double. Default 1 000 ms. */
  readonly reconnectMaxMs?: number;
  /** Default: JSON lines on standard output, level info. */
  readonly logger?: Logger;
}

export const DEFAULT_REDIS_URL = 'redis://127.0.0.1:6379';

const defaults: StreamsClientConfig = {
  defaultBlockMs: 5_000,
  defaultCount: 10,
  autoTrimInterval: 3_600_000,
  defaultMaxLen: 10_000,
  enableAutoTrim: true,
  failureMode: 'open',
  publishTimeoutMs: 2_000,
  keyPrefix: '',
};

const leastValues: Partial<Record<keyof StreamsClientConfig, number>> = {
  defaultBlockMs: 0,
  defaultCount: 1,
  autoTrimInterval: 10,
  defaultMaxLen: 0,
  publishTimeoutMs: 1,
  compressAboveBytes: 0,
};
/** Longest time that a timer of Node can wait. */
const MOST_MS = 2_147_483_647;

/** The settings with the defaults filled in. @throws STREAM_ARGUMENT_INVALID naming every setting that does not fit. */
export function resolveConfig(options: StreamsClientOptions): StreamsClientConfig {
  const given = Object.fromEntries(Object.entries(options).filter(([name, value]) => (name in defaults || name in leastValues) && value !== undefined));
  const config = { ...defaults, ...given };
  const faults = Object.entries(leastValues).flatMap(([name, least]) => {
    const value = config[name as keyof StreamsClientConfig];
    const fits = value === undefined || (Number.isInteger(value) && Number(value) >= least && Number(value) <= MOST_MS);
    return fits ? [] : [`${name} must be a whole number from ${least} to ${MOST_MS}`];
  });
  if (config.failureMode !== 'open' && config.failureMode !== 'closed') faults.push("failureMode must be 'open' or 'closed'");
  if (faults.length > 0) throw StreamErrors.STREAM_ARGUMENT_INVALID(`Options of RedisStreamsClient: ${faults.join('; ')}.`, { details: { faults } });
  return Object.freeze({ ...config, keyPrefix: options.keyPrefix ?? ownPrefix(options.connection) });
}

/** A prefix that ioredis would have added itself; its own mechanism does not undo it in the answers of XREAD. */
function ownPrefix(connection: RedisConnection | undefined): string {
  return connection?.options.keyPrefix ?? '';
}

export function resolveLogger(options: StreamsClientOptions): Logger {
  return options.logger ?? defaultLogger();
}
