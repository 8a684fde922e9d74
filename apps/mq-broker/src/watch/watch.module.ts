import { Metrics } from '@angarium/observability';
import { closeRedis } from '@angarium/redis';
import { Injectable, Module, type DynamicModule, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { connectWatchRedis } from './connect-watch-redis.js';
import { BrokerMeter } from './metrics/broker-meter.js';
import { MetricsController } from './metrics/metrics.controller.js';
import { ReadFigures } from './metrics/read-figures.js';
import { ReplicaFigures } from './metrics/replica-figures.js';
import { SampleGauges } from './metrics/sample-gauges.js';
import { StreamLanes } from './metrics/stream-lanes.js';
import { StatusController } from './status/status.controller.js';
import { InjectWatchRedis, watchTokens, type RedisConnection, type WatchOptions } from './watch-options.js';

/** Starts the two loops when the application is up; ends them, and then the connection, when requests are answered. */
@Injectable()
class WatchLifetime implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    private readonly replicas: ReplicaFigures,
    private readonly gauges: SampleGauges,
    @InjectWatchRedis() private readonly redis: RedisConnection,
  ) {}

  onApplicationBootstrap(): void {
    this.replicas.start();
    this.gauges.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.replicas.stop(), this.gauges.stop()]);
    await closeRedis(this.redis);
  }
}

/**
 * Metrics, health and status. Gives the whole application a `BrokerMeter` to count with and `ReadFigures` to read by.
 * Needs SqlModule, and of the service's shell Metrics and HealthRegistry; Redis and Postgres may be away at start.
 */
@Module({})
export class WatchModule {
  static forRoot(options: WatchOptions): DynamicModule {
    return {
      module: WatchModule,
      global: true,
      controllers: [MetricsController, StatusController],
      providers: [
        { provide: watchTokens.options, useValue: options },
        { provide: watchTokens.redis, useFactory: () => connectWatchRedis(options) },
        { provide: BrokerMeter, useFactory: (metrics: Metrics) => new BrokerMeter(metrics), inject: [Metrics] },
        ...[ReplicaFigures, StreamLanes, SampleGauges, ReadFigures, WatchLifetime],
      ],
      exports: [watchTokens.options, BrokerMeter, ReadFigures, ReplicaFigures],
    };
  }
}
