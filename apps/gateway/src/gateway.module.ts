import { CredentialAuthenticator } from '@angarium/auth';
import { DatabaseModule, openSql, publishThrough } from '@angarium/database';
import type { Logger } from '@angarium/observability';
import { MessageBus } from '@angarium/transport';
import { QueuesModule } from '@angarium/queues';
import { createSealer } from '@angarium/secrets';
import { Module, type DynamicModule, type OnApplicationShutdown, type Provider } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ForgetUser } from './accounts/forget-user.js';
import { GetUserController } from './accounts/get-user.controller.js';
import { RegisterController } from './accounts/register.controller.js';
import { RegisterUser } from './accounts/register-user.js';
import { UserCache } from './accounts/user-cache.js';
import { UserRepository } from './accounts/user.repository.js';
import { ListAuditController } from './audit/list-audit.controller.js';
import { GatewayAuthenticator } from './authenticate/gateway-authenticator.js';
import { OperatorToken } from './authenticate/operator-token.js';
import { RequireTokenGuard } from './authenticate/require-token.guard.js';
import type { GatewayConfig } from './config.js';
import { NoteOperatorAct } from './queues/note-operator-act.js';
import { QueueTestsController } from './queues/queue-tests.controller.js';
import { QueuesController } from './queues/queues.controller.js';
import { WatchQueues } from './queues/watch-queues.js';
import { ReferenceController } from './reference/reference.controller.js';
import { ReceiptsController } from './receipts/receipts.controller.js';
import { SmsController } from './sms/sms.controller.js';
import { VerificationsController } from './verifications/verifications.controller.js';
import { FilesController } from './files/files.controller.js';
import { PurgeFiles } from './files/purge-files.js';
import { StoredFileRepository } from './files/stored-file.repository.js';
import { SEALER } from './sealer.js';
import { TemplatesController } from './templates/templates.controller.js';
import { EmailsController } from './emails/emails.controller.js';
import { SendersController } from './senders/senders.controller.js';
import { SuppressionsController } from './suppressions/suppressions.controller.js';
import { UnsubscribeController } from './unsubscribe/unsubscribe.controller.js';

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
        QueuesModule.forRoot({ redisUrl: config.REDIS_URL, db: config.REDIS_QUEUE_DB, namespace: config.REDIS_KEY_PREFIX, sealKeys: config.SEAL_KEYS, logger }),
      ],
      controllers: [
        ...[RegisterController, GetUserController, ListAuditController, ForgetUser],
        ...[SmsController, VerificationsController, ReceiptsController, TemplatesController, FilesController],
        ...[EmailsController, SendersController, SuppressionsController, UnsubscribeController],
        ...[QueuesController, ReferenceController, ...(config.NODE_ENV === 'production' ? [] : [QueueTestsController])],
      ],
      providers: [
        ...[RegisterUser, UserCache, UserRepository, WatchQueues, StoredFileRepository, PurgeFiles, NoteOperatorAct],
        ...authentication(config, logger),
        { provide: APP_GUARD, useClass: RequireTokenGuard },
        { provide: SEALER, useFactory: () => createSealer(config.SEAL_KEYS) },
      ],
    };
  }
}

/** Looking up API keys needs few connections: what is known is remembered. */
const CREDENTIAL_POOL_SIZE = 2;

class CredentialLookup implements OnApplicationShutdown {
  constructor(
    readonly credentials: CredentialAuthenticator,
    private readonly end: () => Promise<void>,
  ) {}

  onApplicationShutdown(): Promise<void> {
    return this.end();
  }
}

function authentication(config: GatewayConfig, logger: Logger): Provider[] {
  const open = () => {
    const { DATABASE_URL: url, DATABASE_TIMEOUT_MS: timeoutMs } = config;
    const sql = openSql({ url, poolSize: CREDENTIAL_POOL_SIZE, timeoutMs, applicationName: 'gateway-credentials', schema: 'auth', logger });
    return new CredentialLookup(new CredentialAuthenticator({ sql, logger }), () => sql.end());
  };
  return [
    { provide: CredentialLookup, useFactory: open },
    { provide: OperatorToken, useFactory: () => new OperatorToken(config.GATEWAY_TOKEN) },
    {
      provide: GatewayAuthenticator,
      useFactory: (token: OperatorToken, { credentials }: CredentialLookup) => new GatewayAuthenticator(token, credentials),
      inject: [OperatorToken, CredentialLookup],
    },
  ];
}
