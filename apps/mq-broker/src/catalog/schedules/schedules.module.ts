import type { Sql } from '@angarium/database';
import type { Logger } from '@angarium/observability';
import { InjectLogger } from '@angarium/service-shell';
import { Injectable, Module, type BeforeApplicationShutdown, type DynamicModule, type ModuleMetadata, type OnApplicationBootstrap } from '@nestjs/common';
import { InjectSql } from '../../sql.js';
import { ChangeSchedule } from './change-schedule.js';
import { HearsPromoted } from './hears-promoted.js';
import { PromoteDue } from './promote-due.js';
import { ScheduleMessage } from './schedule-message.js';
import { SchedulesController } from './schedules.controller.js';

/** Promotes what is due while the application lives; it ends before the connections to Postgres do. */
@Injectable()
export class PromoteWhileRunning implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly promoter: PromoteDue;

  constructor(@InjectSql() sql: Sql, @InjectLogger() logger: Logger, next: HearsPromoted) {
    this.promoter = new PromoteDue({ sql, logger, next });
  }

  onApplicationBootstrap(): void {
    this.promoter.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.promoter.stop();
  }
}

/** Messages that are published later. */
@Module({})
export class SchedulesModule {
  /** @param imports modules that export ChecksMessages, PublishRate and HearsPromoted, unless these are global. */
  static with(imports: NonNullable<ModuleMetadata['imports']> = []): DynamicModule {
    return {
      module: SchedulesModule,
      imports,
      controllers: [SchedulesController],
      providers: [ScheduleMessage, ChangeSchedule, PromoteWhileRunning],
    };
  }
}
