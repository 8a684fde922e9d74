import type { EncodedEvent } from '@angarium/contracts';
import type { OutboxRelayOptions } from './outbox-relay.js';

/** What publishes the events of an outbox, found by Nest when the application is made. */
export interface OutboxTarget {
  readonly token: InjectedClass<unknown>;
  readonly publish: (target: unknown, ...given: Parameters<OutboxRelayOptions['publish']>) => Promise<unknown>;
  readonly relayOptions: Omit<Partial<OutboxRelayOptions>, 'publish'>;
}

type InjectedClass<T> = abstract new (...args: never[]) => T;

/**
 * Names the provider that publishes, and how.
 * @example DatabaseModule.forRoot({ owner: 'accounts', outbox: publishThrough(MessageBus, (bus, events) => bus.publishEncoded(events)), … })
 */
export function publishThrough<T>(
  token: InjectedClass<T>,
  publish: (target: T, events: readonly EncodedEvent[], signal: AbortSignal) => Promise<unknown>,
  relayOptions: OutboxTarget['relayOptions'] = {},
): OutboxTarget {
  return { token, publish: (target, ...given) => publish(target as T, ...given), relayOptions };
}
