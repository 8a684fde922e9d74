import type { Subscription } from '../../catalog/subscriptions/subscription.js';
import type { BrokerMessage } from '../broker-message.js';

/** Why a subscription need not get a message, if so. */
export function whyPassOver({ matches }: Subscription, message: BrokerMessage, nowMs: number): 'filter' | 'expired' | undefined {
  if (message.expiresAt !== null && message.expiresAt.getTime() <= nowMs) return 'expired';
  if (matches === undefined) return undefined;
  const view = {
    type: message.type,
    key: message.key,
    headers: JSON.parse(message.headers) as Record<string, string>,
    payload: () => JSON.parse(message.payload) as unknown,
  };
  return matches(view) ? undefined : 'filter';
}
