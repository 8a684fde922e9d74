import type { Logger } from '@angarium/observability';
import { closeRedis, connectRedis, type RedisConnection } from '@angarium/redis';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { EmailWorkerConfig } from '../../config.js';

/** The connection on which mails ask for their turn. It waits while Redis is away, as the queue does; closed after the last job. */
@Injectable()
export class LimitsConnection implements OnApplicationShutdown {
  readonly redis: RedisConnection;

  constructor({ REDIS_URL, REDIS_RECONNECT_MAX_MS }: EmailWorkerConfig, logger: Logger) {
    this.redis = connectRedis({ url: REDIS_URL, name: 'email-limits', logger, gathersWrites: true, reconnectMaxMs: REDIS_RECONNECT_MAX_MS });
  }

  onApplicationShutdown(): Promise<void> {
    return closeRedis(this.redis);
  }
}
