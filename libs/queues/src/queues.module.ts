import { Global, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { QueueService, type QueueOptions } from './queue-service.js';

/** Closes the queues after everything that may still put jobs has stopped. */
class QueueLife implements OnApplicationShutdown {
  constructor(private readonly queues: QueueService) {}

  async onApplicationShutdown(): Promise<void> {
    await this.queues.close();
  }
}

/** Makes `QueueService` injectable everywhere in an app. */
@Global()
@Module({})
export class QueuesModule {
  static forRoot(options: QueueOptions): DynamicModule {
    return {
      module: QueuesModule,
      providers: [
        { provide: QueueService, useFactory: () => new QueueService(options) },
        { provide: QueueLife, useFactory: (queues: QueueService) => new QueueLife(queues), inject: [QueueService] },
      ],
      exports: [QueueService],
    };
  }
}
