import type { Sql } from '@angarium/database';
import type { Logger } from '@angarium/observability';
import { QueueService } from '@angarium/queues';
import type { Sealer } from '@angarium/secrets';
import { InjectConfig, InjectLogger } from '@angarium/service-shell';
import { MessageBus } from '@angarium/transport';
import { Global, Inject, Module, type BeforeApplicationShutdown, type OnApplicationBootstrap, type OnApplicationShutdown, type Provider } from '@nestjs/common';
import { CatalogSignals } from '../catalog/catalog-signals.js';
import { ChecksMessages } from '../catalog/schedules/checks-messages.js';
import { HearsPromoted } from '../catalog/schedules/hears-promoted.js';
import { SubscriptionCache } from '../catalog/subscriptions/subscription-cache.js';
import { WEBHOOK_TARGETS } from '../catalog/subscriptions/webhook-targets.js';
import type { MqBrokerConfig } from '../config.js';
import { InjectSealer } from '../sealer.js';
import { InjectSql } from '../sql.js';
import { BrokerMeter } from '../watch/metrics/broker-meter.js';
import { BridgeEvents } from './accept/bridge-events.controller.js';
import { RunOnce } from './accept/idempotency/run-once.js';
import { PublishRate } from './accept/rate/publish-rate.js';
import { PublishController } from './accept/publish.controller.js';
import { PublishMessages } from './accept/publish-messages.js';
import { assembleFlow, type Flow } from './assemble-flow.js';
import { PullController } from './fan-out/pull/pull.controller.js';
import { PullMessages } from './fan-out/pull/pull-messages.js';
import { SettlePulled } from './fan-out/pull/settle-pulled.js';

export const FLOW = Symbol('flow');

class FlowAssembly {
  readonly flow: Flow;

  constructor(
    @InjectConfig() config: MqBrokerConfig,
    @InjectLogger() logger: Logger,
    @InjectSql() sql: Sql,
    @InjectSealer() sealer: Sealer,
    bus: MessageBus,
    queues: QueueService,
    signals: CatalogSignals,
    meter: BrokerMeter,
    runOnce: RunOnce,
  ) {
    this.flow = assembleFlow({ config, sql, bus, queues, sealer, signals, meter, removeExpiredKeys: () => runOnce.removeExpired(), logger });
  }
}

/** Starts the flow when the application is up; stops delivering before the HTTP server closes and the rest after it. */
class FlowLifetime implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown {
  constructor(
    @Inject(FLOW) private readonly flow: Flow,
    @InjectConfig() private readonly config: MqBrokerConfig,
  ) {}

  onApplicationBootstrap(): void {
    this.flow.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.flow.stopDelivering(this.config.SHUTDOWN_GRACE_MS);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.flow.stop(this.config.SHUTDOWN_GRACE_MS);
  }
}

const part = <T>(token: unknown, read: (flow: Flow) => T): Provider => ({ provide: token as symbol, useFactory: read, inject: [FLOW] });

const parts: Provider[] = [
  part(PublishMessages, (flow) => flow.publish),
  part(PullMessages, (flow) => flow.pull),
  part(SettlePulled, (flow) => flow.settlePulled),
  part(SubscriptionCache, (flow) => flow.subscriptions),
  part(WEBHOOK_TARGETS, (flow) => flow.targets),
  part(PublishRate, (flow) => flow.rate),
  part(ChecksMessages, (flow) => flow.accept),
  part(HearsPromoted, ({ committed, appends }): HearsPromoted => ({ promoted: committed, append: (message) => appends.append(message) })),
];

/** The journey of a message: what the HTTP side and the control plane need of it is provided everywhere. */
@Global()
@Module({
  controllers: [PublishController, PullController, BridgeEvents],
  providers: [
    FlowAssembly,
    { provide: FLOW, useFactory: ({ flow }: FlowAssembly) => flow, inject: [FlowAssembly] },
    FlowLifetime,
    ...parts,
  ],
  exports: [FLOW, ...parts],
})
export class FlowModule {}
