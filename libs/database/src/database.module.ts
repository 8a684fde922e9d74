import { Inject, Module, type DynamicModule, type OnApplicationBootstrap, type OnApplicationShutdown, type Provider } from '@nestjs/common';
import { ignoreError } from '@angarium/errors';
import { createDatabase, type Database, type DatabaseOptions } from './database.js';
import { DatabaseErrors } from './errors.js';
import { OutboxRelay } from './outbox/outbox-relay.js';
import type { OutboxTarget } from './outbox/publish-through.js';
import type { OutboxOwner, Owner } from './owners.js';
import { within } from './within.js';

export type DatabaseModuleOptions = DatabaseOptions &
  (
    | {
        /** Whose schema this service works with. */
        readonly owner: OutboxOwner;
        /** Where the events of the outbox go: provides a running OutboxRelay. Without it nothing relays in this service. */
        readonly outbox?: OutboxTarget;
      }
    | { readonly owner: Owner; readonly outbox?: never }
  );

const DATABASE = Symbol('database');

/** The service's database: `@InjectDatabase() private readonly database: Database<'accounts'>`. */
export const InjectDatabase = (): ParameterDecorator & PropertyDecorator => Inject(DATABASE);

/** Closing waits this long for statements in flight; then the end of the process cuts them. */
const closingMs = 3_000;

/** Starts the relay when the application is up; ends it and then the connections when requests are answered. */
class DatabaseLifetime implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    private readonly db: Database<Owner>,
    private readonly options: DatabaseOptions,
    private readonly relay?: OutboxRelay,
  ) {}

  onApplicationBootstrap(): void {
    this.relay?.start();
  }

  async onApplicationShutdown(): Promise<void> {
    const close = async () => {
      await this.relay?.stop();
      await this.db.$disconnect();
    };
    const late = () => DatabaseErrors.DATABASE_UNAVAILABLE(`PostgreSQL did not let its connections end within ${closingMs} ms.`);
    await within(closingMs, close(), late).catch(ignoreError(this.options.logger, 'database.close', 'the process ends now, and its sockets with it'));
  }
}

/** Gives the whole application the database of one owner and, where asked, the relay of its outbox. Connects lazily: Postgres may be away at start. */
@Module({})
export class DatabaseModule {
  static forRoot(options: DatabaseModuleOptions): DynamicModule {
    const { owner, outbox, ...settings } = options;
    const database: Provider = { provide: DATABASE, useFactory: () => createDatabase(owner, settings) };
    const lifetime = (db: Database<Owner>, relay?: OutboxRelay) => new DatabaseLifetime(db, settings, relay);
    if (outbox === undefined) {
      const providers = [database, { provide: DatabaseLifetime, useFactory: lifetime, inject: [DATABASE] }];
      return { module: DatabaseModule, global: true, providers, exports: [DATABASE] };
    }
    const { token, publish, relayOptions } = outbox;
    const relay: Provider = {
      provide: OutboxRelay,
      useFactory: (db: Database<OutboxOwner>, target: unknown) =>
        new OutboxRelay(db, { logger: settings.logger, ...relayOptions, publish: (events, signal) => publish(target, events, signal) }),
      inject: [DATABASE, token],
    };
    const providers = [database, relay, { provide: DatabaseLifetime, useFactory: lifetime, inject: [DATABASE, OutboxRelay] }];
    return { module: DatabaseModule, global: true, providers, exports: [DATABASE, OutboxRelay] };
  }
}
