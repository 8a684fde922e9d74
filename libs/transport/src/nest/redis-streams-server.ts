import { hostname } from 'node:os';
import { createAddresses, findContract } from '@angarium/contracts';
import type { HealthCheck } from '@angarium/observability';
import { Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices';
import { defaultRetryPolicy, type RetryPolicy } from '../receive/retry-policy.js';
import type { Route } from '../receive/route.js';
import { StreamConsumer } from '../receive/stream-consumer.js';
import type { TransportOptions } from '../transport-options.js';
import { REDIS_STREAMS, type HandlerOptions } from './decorators.js';

export interface RedisStreamsServerOptions extends TransportOptions {
  /** How many events this replica handles at a time, and as many requests beside them. Default 64. */
  readonly prefetch?: number;
  /** A message whose replica was not heard of for this long is given to another. Default 3 000 ms. */
  readonly leaseMs?: number;
  readonly retry?: Partial<RetryPolicy>;
  /** Default: one minute. */
  readonly trimEveryMs?: number;
  /** How long running handlers may take to end when the app closes. Default 10 000 ms. */
  readonly graceMs?: number;
}

/**
 * NestJS transport strategy on Redis Streams: ordinary `@EventPattern` and `@MessagePattern` handlers become durable
 * and are shared between the replicas of a service (one consumer group per service, at least once).
 * @example app.connectMicroservice({ strategy: new RedisStreamsServer({ service: 'mailer', redisUrl }) }, { inheritAppConfig: true });
 */
export class RedisStreamsServer extends Server implements CustomTransportStrategy {
  override transportId = REDIS_STREAMS;
  /** The transport reports failures itself: by retry and dead letter. */
  override propagatesEventHandlerErrors = true;
  private consumer: StreamConsumer | undefined;

  constructor(private readonly options: RedisStreamsServerOptions) {
    super();
  }

  /** Starts reading. Calls back at once, also while Redis is away: then handling begins when it answers. */
  listen(callback: (error?: unknown) => void): void {
    try {
      this.consumer = new StreamConsumer(this.consumerOptions());
      this.consumer.start();
      callback();
    } catch (error) {
      callback(error);
    }
  }

  async close(): Promise<void> {
    await this.consumer?.stop(this.options.graceMs ?? 10_000);
    this.consumer = undefined;
  }

  /** Is the stream reader being answered? For readiness; undefined before `listen`. */
  health(): HealthCheck | undefined {
    return this.consumer?.health();
  }

  on(): never {
    throw new Error('RedisStreamsServer has no events to listen to; look at health() and the metrics.');
  }

  unwrap<T>(): T {
    return this.consumer as T;
  }

  private consumerOptions() {
    const { service, instance, namespace, redisUrl, redisFastUrl, prefetch, leaseMs, retentionMs, trimEveryMs, reconnectMaxMs, logger, metrics } = this.options;
    const addresses = createAddresses(namespace);
    return {
      ...{ group: service, instance: instance ?? `${hostname()}-${process.pid}`, addresses, redisUrl, redisFastUrl, reconnectMaxMs, logger, metrics },
      ...{ prefetch: prefetch ?? 64, leaseMs: leaseMs ?? 3_000, retentionMs: retentionMs ?? 86_400_000, trimEveryMs: trimEveryMs ?? 60_000 },
      routes: [...this.getHandlers()].map(([type, handler]) => this.routeOf(type, handler, addresses)),
    };
  }

  private routeOf(type: string, handler: MessageHandler, addresses: ReturnType<typeof createAddresses>): Route {
    const kind = handler.isEventHandler ? 'event' : 'request';
    const stream = kind === 'event' ? addresses.eventStream(type) : addresses.requestStream(type);
    const options = (handler.extras ?? {}) as HandlerOptions;
    const contract = options.contract ?? findContract(type);
    return {
      ...{ kind, type, stream, handler },
      deadStream: addresses.deadLetterStream(stream, this.options.service),
      contract: contract?.kind === kind ? contract : undefined,
      isOrdered: options.isOrdered ?? false,
      retry: { ...defaultRetryPolicy, ...this.options.retry, ...options.retry },
    };
  }
}
