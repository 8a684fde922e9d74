import type { Logger, Metrics } from '@angarium/observability';

/** What both ends of the transport need. */
export interface TransportOptions {
  /** Name of the service: the consumer group of its handlers and the `source` of its messages. */
  readonly service: string;
  /** Names this replica among its like. Default: host name and process id. */
  readonly instance?: string;
  /** The durable Redis (streams). */
  readonly redisUrl: string;
  /** The Redis that answers to requests pass through (pub/sub). Default: `redisUrl`. */
  readonly redisFastUrl?: string | undefined;
  /** Namespace of keys and channels. Default `angarium`. */
  readonly namespace?: string;
  /** Events that every group has handled, or that none asks for, stay readable for this long. Default 24 h. */
  readonly retentionMs?: number;
  readonly reconnectMaxMs?: number;
  readonly logger?: Logger;
  readonly metrics?: Metrics;
}
