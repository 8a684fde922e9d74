import { DatabaseModule, publishThrough } from '@angarium/database';
import type { Logger } from '@angarium/observability';
import { MessageBus } from '@angarium/transport';
import { Module, type DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ForgetUser } from './accounts/forget-user.js';
import { GetUserController } from './accounts/get-user.controller.js';
import { RegisterController } from './accounts/register.controller.js';
import { RegisterUser } from './accounts/register-user.js';
import { UserCache } from './accounts/user-cache.js';
import { UserRepository } from './accounts/user.repository.js';
import { ListAuditController } from './audit/list-audit.controller.js';
import { RequireTokenGuard } from './authenticate/require-token.guard.js';
import type { GatewayConfig } from './config.js';

/** What docker-compose.yml falls back to, so that it runs for a first look. */
const DEVELOPMENT_TOKEN = 'development-token-that-everybody-knows';

/** The one HTTP entry from outside. */
@Module({})
export class GatewayModule {
  static with(config: GatewayConfig, logger: Logger): DynamicModule {
    if (config.GATEWAY_TOKEN === DEVELOPMENT_TOKEN) logger.warn('GATEWAY_TOKEN is the default of docker-compose.yml, which everybody knows; set one of your own');
    return {
      module: GatewayModule,
      imports: [
        DatabaseModule.forRoot({
          owner: 'accounts',
          url: config.DATABASE_URL,
          poolSize: config.DATABASE_POOL_SIZE,
          timeoutMs: config.DATABASE_TIMEOUT_MS,
          applicationName: 'gateway',
          logger,
          outbox: publishThrough(MessageBus, (bus, events) => bus.publishEncoded(events)),
        }),
      ],
      controllers: [RegisterController, GetUserController, ListAuditController, ForgetUser],
      providers: [RegisterUser, UserCache, UserRepository, { provide: APP_GUARD, useClass: RequireTokenGuard }],
    };
  }
}
