import { Global, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { MessageBus } from '../send/message-bus.js';
import type { TransportOptions } from '../transport-options.js';

/** Closes the bus after everything else has stopped sending. */
class MessageBusLife implements OnApplicationShutdown {
  constructor(private readonly bus: MessageBus) {}

  async onApplicationShutdown(): Promise<void> {
    await this.bus.close();
  }
}

/** Makes `MessageBus` injectable everywhere in an app. */
@Global()
@Module({})
export class TransportModule {
  static forRoot(options: TransportOptions): DynamicModule {
    return {
      module: TransportModule,
      providers: [
        { provide: MessageBus, useFactory: () => new MessageBus(options) },
        { provide: MessageBusLife, useFactory: (bus: MessageBus) => new MessageBusLife(bus), inject: [MessageBus] },
      ],
      exports: [MessageBus],
    };
  }
}
