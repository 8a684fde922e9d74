import type { Sql } from '@angarium/database';
import { Injectable, Module, type DynamicModule, type InjectionToken, type ModuleMetadata, type OnApplicationShutdown } from '@nestjs/common';
import { CatalogSignals } from '../catalog/catalog-signals.js';
import { SQL } from '../sql.js';
import { watchTokens, type WatchOptions } from '../watch/watch-options.js';
import { CreateSystemTopics } from './create-system-topics.js';
import { EmailQueue, type EmailQueueOptions } from './email-queue.js';
import { InternalPublishController } from './internal-publish.controller.js';
import { InternalWatchController } from './internal-watch.controller.js';
import { OrderMail } from './order-mail.js';
import { PUBLISHES_MESSAGES } from './publishes-messages.js';

export interface InternalOptions extends EmailQueueOptions {
  /** Under which token `imports` give a `PublishesMessages`. */
  readonly publisher: InjectionToken;
  /** Modules that export the publisher and, where it is not global, CatalogSignals. */
  readonly imports?: ModuleMetadata['imports'];
}

@Injectable()
class InternalLifetime implements OnApplicationShutdown {
  constructor(
    private readonly topics: CreateSystemTopics,
    private readonly emails: EmailQueue,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.topics.stop(), this.emails.close()]);
  }
}

/** Made before the application is: handlers of events run before any hook of a module does. */
const systemTopics = {
  provide: CreateSystemTopics,
  async useFactory(sql: Sql, signals: CatalogSignals, options: WatchOptions) {
    const topics = new CreateSystemTopics(sql, signals, options);
    await topics.start();
    return topics;
  },
  inject: [SQL, CatalogSignals, watchTokens.options],
};

/** The routes that other services of this system use. Needs SqlModule, WatchModule, QueuesModule and CatalogSignals. */
@Module({})
export class InternalModule {
  static forRoot({ publisher, imports = [], ...options }: InternalOptions): DynamicModule {
    return {
      module: InternalModule,
      imports,
      controllers: [InternalPublishController, InternalWatchController],
      providers: [
        { provide: PUBLISHES_MESSAGES, useExisting: publisher },
        { provide: EmailQueue, useFactory: () => new EmailQueue(options) },
        systemTopics,
        ...[OrderMail, InternalLifetime],
      ],
    };
  }
}
