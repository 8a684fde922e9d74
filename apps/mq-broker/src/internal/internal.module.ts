import { Injectable, Module, type DynamicModule, type InjectionToken, type ModuleMetadata, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
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
class InternalLifetime implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    private readonly topics: CreateSystemTopics,
    private readonly emails: EmailQueue,
  ) {}

  onApplicationBootstrap(): void {
    this.topics.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.topics.stop(), this.emails.close()]);
  }
}

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
        ...[OrderMail, CreateSystemTopics, InternalLifetime],
      ],
    };
  }
}
