import type { EventContract, PayloadOf, RequestContract, ResponseOf, SignalContract } from '@angarium/contracts';
import { EventPattern, MessagePattern, Transport } from '@nestjs/microservices';
import type { Observable } from 'rxjs';
import type { RetryPolicy } from '../receive/retry-policy.js';

/** Marks handlers that only this transport serves, in apps that have several. */
export const REDIS_STREAMS = Symbol('redis-streams');

export interface HandlerOptions {
  /** Set by the decorators. */
  readonly contract?: EventContract | RequestContract;
  /**
   * Messages with the same key (partition key, else subject) are handled one after another in the order of the stream, one replica
   * reading the stream at a time. A failing message holds up only its own key, until it is given up.
   */
  readonly isOrdered?: boolean;
  readonly retry?: Partial<RetryPolicy>;
}

/** Parameters after the payload, for example `@Ctx() context: StreamsContext`. */
type Rest = never[];
type Handler<P, R> = (payload: P, ...rest: Rest) => R;
type HandlerDecorator<P, R> = <M extends Handler<P, R>>(target: object, name: string | symbol, descriptor: TypedPropertyDescriptor<M>) => void;

/**
 * Handles an event: typed and checked payload, at least once, one replica of the service, acknowledged when the handler has ended.
 * Throwing (or an Observable that fails) means: try again later, and in the end a dead letter.
 */
export function OnEvent<C extends EventContract>(contract: C, options: HandlerOptions = {}): HandlerDecorator<PayloadOf<C>, unknown> {
  return EventPattern<string>(contract.name, REDIS_STREAMS, { ...options, contract });
}

type Answer<T> = T | Promise<T> | Observable<T> | Promise<Observable<T>>;

/** Answers a request. What it throws reaches the caller: an AngariumError with its code, anything else as INTERNAL. */
export function OnRequest<C extends RequestContract>(contract: C): HandlerDecorator<PayloadOf<C>, Answer<ResponseOf<C>>> {
  return MessagePattern<string>(contract.name, REDIS_STREAMS, { contract });
}

/** Hears a signal: every replica, best effort, over NestJS' own Redis transport. The payload comes as it was sent. */
export function OnSignal<C extends SignalContract>(contract: C): HandlerDecorator<PayloadOf<C>, unknown> {
  return EventPattern<string>(contract.name, Transport.REDIS);
}

