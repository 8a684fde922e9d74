import { DatabaseModule, publishThrough } from '@angarium/database';
import type { Logger } from '@angarium/observability';
import { MessageBus, signalTransport } from '@angarium/transport';
import { Module, type DynamicModule } from '@nestjs/common';
import { ClientsModule } from '@nestjs/microservices';
import { AuditTrail } from './audit/audit-trail.js';
import { AuditRepository } from './audit/audit.repository.js';
import type { TaskWorkerConfig } from './config.js';
import { MakeProfile } from './profile/make-profile.js';
import { ProfileRepository } from './profile/profile.repository.js';
import { SIGNALS } from './signals.js';

/** Turns facts into the records that others ask for. */
@Module({})
export class TaskWorkerModule {
  static with(config: TaskWorkerConfig, logger: Logger): DynamicModule {
    return {
      module: TaskWorkerModule,
      imports: [
        DatabaseModule.forRoot({
          owner: 'tasks',
          url: config.DATABASE_URL,
          poolSize: config.DATABASE_POOL_SIZE,
          timeoutMs: config.DATABASE_TIMEOUT_MS,
          applicationName: 'task-worker',
          logger,
          outbox: publishThrough(MessageBus, (bus, events) => bus.publishEncoded(events)),
        }),
        ClientsModule.register([{ name: SIGNALS, ...signalTransport(config.REDIS_FAST_URL ?? config.REDIS_URL) }]),
      ],
      controllers: [MakeProfile, AuditTrail],
      providers: [ProfileRepository, AuditRepository],
    };
  }
}
