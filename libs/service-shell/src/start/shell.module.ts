import { Global, Module, type DynamicModule, type Type } from '@nestjs/common';
import { Metrics, type Logger } from '@angarium/observability';
import { HealthController } from '../health/health.controller.js';
import { HealthRegistry } from '../health/health-registry.js';
import { SERVICE_CONFIG, SERVICE_LOGGER } from '../tokens.js';

export interface ShellParts {
  readonly config: unknown;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly app: Type | DynamicModule;
  readonly imports: readonly DynamicModule[];
}

/** What every service has around its own module: configuration, logger, metrics, health. */
@Global()
@Module({})
export class ShellModule {
  static around({ config, logger, metrics, app, imports }: ShellParts): DynamicModule {
    return {
      module: ShellModule,
      imports: [...imports, app],
      controllers: [HealthController],
      providers: [
        HealthRegistry,
        { provide: Metrics, useValue: metrics },
        { provide: SERVICE_CONFIG, useValue: config },
        { provide: SERVICE_LOGGER, useValue: logger },
      ],
      exports: [HealthRegistry, Metrics, SERVICE_CONFIG, SERVICE_LOGGER],
    };
  }
}
