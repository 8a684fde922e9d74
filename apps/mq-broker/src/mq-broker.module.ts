import { CredentialAuthenticator } from '@angarium/auth';
import { createAddresses } from '@angarium/contracts';
import type { Sql } from '@angarium/database';
import type { Logger } from '@angarium/observability';
import { QueuesModule } from '@angarium/queues';
import { createSealer } from '@angarium/secrets';
import { Global, Module, type DynamicModule } from '@nestjs/common';
import { CatalogModule } from './catalog/catalog.module.js';
import { CatalogSignals } from './catalog/catalog-signals.js';
import { SchedulesModule } from './catalog/schedules/schedules.module.js';
import type { MqBrokerConfig } from './config.js';
import { RunOnce } from './flow/accept/idempotency/run-once.js';
import { PublishMessages } from './flow/accept/publish-messages.js';
import { FlowModule } from './flow/flow.module.js';
import { DeadLettersModule } from './flow/settle/dead-letters.module.js';
import { InternalModule } from './internal/internal.module.js';
import { SEALER } from './sealer.js';
import { SQL, SqlModule } from './sql.js';
import { AuditModule } from './watch/audit/audit.module.js';
import { MessagesModule } from './watch/messages.module.js';
import { ReferenceController } from './watch/reference/reference.controller.js';
import { WatchModule } from './watch/watch.module.js';

/** Of the broker, as its API shows it. */
const VERSION = '0.1.0';

/** What every part of the broker may ask for. */
@Global()
@Module({})
class SharedModule {
  static with(config: MqBrokerConfig, logger: Logger): DynamicModule {
    const providers = [
      CatalogSignals,
      { provide: SEALER, useFactory: () => createSealer(config.SEAL_KEYS) },
      { provide: CredentialAuthenticator, useFactory: (sql: Sql) => new CredentialAuthenticator({ sql, logger }), inject: [SQL] },
      { provide: RunOnce, useFactory: (sql: Sql) => new RunOnce({ sql, logger }), inject: [SQL] },
    ];
    return { module: SharedModule, providers, exports: [CatalogSignals, SEALER, CredentialAuthenticator, RunOnce] };
  }
}

/** The message broker: catalog (control plane), flow (the journey of a message), watch (what can be seen of both). */
@Module({})
export class MqBrokerModule {
  static with(config: MqBrokerConfig, logger: Logger): DynamicModule {
    const redis = { redisUrl: config.REDIS_URL, reconnectMaxMs: config.REDIS_RECONNECT_MAX_MS, logger };
    const sql = { url: config.DATABASE_URL, poolSize: config.DATABASE_POOL_SIZE, timeoutMs: config.DATABASE_TIMEOUT_MS, applicationName: 'mq-broker', schema: 'broker', logger };
    return {
      module: MqBrokerModule,
      imports: [
        SqlModule.forRoot(sql),
        SharedModule.with(config, logger),
        QueuesModule.forRoot({ redisUrl: config.REDIS_URL, db: config.REDIS_QUEUE_DB, namespace: config.REDIS_KEY_PREFIX, logger }),
        FlowModule,
        CatalogModule,
        SchedulesModule.with(),
        DeadLettersModule,
        AuditModule,
        MessagesModule,
        WatchModule.forRoot({ ...redis, addresses: createAddresses(config.REDIS_KEY_PREFIX), instance: config.INSTANCE_ID, version: VERSION }),
        InternalModule.forRoot({ ...redis, queueDb: config.REDIS_QUEUE_DB, namespace: config.REDIS_KEY_PREFIX, publisher: PublishMessages }),
      ],
      controllers: [ReferenceController],
    };
  }
}
