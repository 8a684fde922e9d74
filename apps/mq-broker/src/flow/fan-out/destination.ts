import type { Destination as DestinationSettings } from '@angarium/contracts/broker-api';
import type { Subscription } from '../../catalog/subscriptions/subscription.js';
import type { BrokerMessage } from '../broker-message.js';

export interface DeliveryAttempt {
  readonly subscription: Subscription;
  readonly message: BrokerMessage;
  /** 1 for the first. */
  readonly attempt: number;
  /** Changes with a redrive, so that a receiver that remembers ids takes it again where it asks for that. */
  readonly redrives: number;
}

/** What became of one attempt. */
export type DeliveryOutcome = { readonly responseStatus?: number; readonly responseHead?: string } & (
  | { readonly kind: 'delivered' }
  | {
      readonly kind: 'failed';
      readonly reason: string;
      readonly retryAfterMs?: number | undefined;
      readonly isThrottled?: boolean | undefined;
      /** It says something about the receiver (and not about us): the circuit breaker counts it. */
      readonly isReceivers?: boolean;
    }
  /** The receiver wants no more of this message. */
  | { readonly kind: 'aborted'; readonly reason: string }
  /** The receiver wants nothing any more; `isDelivered`: but this one it took. */
  | { readonly kind: 'disabled'; readonly reason: string; readonly isDelivered: boolean }
);

/** Where messages are pushed to: one for each type of destination. */
export interface Destination {
  readonly type: DestinationSettings['type'];
  /** Makes one attempt; settles in the time that the subscription allows. Never throws. */
  deliver(attempt: DeliveryAttempt): Promise<DeliveryOutcome>;
}
