import { findContract, type EncodedEvent } from '@angarium/contracts';
import { ClientProxy, type ReadPacket, type WritePacket } from '@nestjs/microservices';
import { encodeEvent, encodeRequest, encodeUntyped } from '../send/encode-event.js';
import { MessageBus } from '../send/message-bus.js';
import type { TransportOptions } from '../transport-options.js';

const DEFAULT_TIMEOUT_MS = 5_000;

export interface RedisStreamsClientOptions extends TransportOptions {
  /** Deadline of `send` for patterns without a contract. Default 5 000 ms. */
  readonly timeoutMs?: number;
}

/**
 * NestJS client of the transport: `client.emit(pattern, data)` and `client.send(pattern, data)` as with any other transport.
 * Patterns that a contract declares are checked against it. `MessageBus` is the typed way to the same.
 * @example ClientsModule.register([{ name: 'BUS', customClass: RedisStreamsClientProxy, options: { service: 'shop', redisUrl } }])
 */
export class RedisStreamsClientProxy extends ClientProxy {
  private readonly bus: MessageBus;

  constructor(private readonly options: RedisStreamsClientOptions) {
    super();
    this.bus = new MessageBus(options);
  }

  /** Connections open by themselves; this never waits. */
  connect(): Promise<void> {
    return Promise.resolve();
  }

  async close(): Promise<void> {
    await this.bus.close();
  }

  unwrap<T>(): T {
    return this.bus as T;
  }

  protected override dispatchEvent<T>(packet: ReadPacket): Promise<T> {
    return this.bus.emitEncoded(this.encode(packet, 'event').encoded) as Promise<T>;
  }

  protected override publish(packet: ReadPacket, callback: (packet: WritePacket) => void): () => void {
    try {
      const { encoded, timeoutMs } = this.encode(packet, 'request');
      return this.bus.open(encoded, timeoutMs, {
        next: (response) => callback({ response }),
        error: (err) => callback({ err }),
        complete: () => callback({ isDisposed: true }),
      });
    } catch (err) {
      callback({ err });
      return () => undefined;
    }
  }

  private encode({ pattern, data }: ReadPacket, kind: 'event' | 'request'): { encoded: EncodedEvent; timeoutMs: number } {
    const type = this.normalizePattern(pattern as string);
    const contract = findContract(type);
    const timeoutMs = this.options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    if (kind === 'event' && contract?.kind === 'event') return { encoded: encodeEvent(contract, data as object, this.bus.source), timeoutMs };
    if (kind === 'request' && contract?.kind === 'request') {
      return { encoded: encodeRequest(contract, data as object, this.bus.source), timeoutMs: this.options.timeoutMs ?? contract.timeoutMs };
    }
    return { encoded: encodeUntyped(type, data, this.bus.source), timeoutMs };
  }
}
