import type { Subscription } from '../../catalog/subscriptions/subscription.js';
import type { BrokerMessage } from '../broker-message.js';
import { isOfOthers } from './is-of-others.js';

export type WhyPassedOver = 'filter' | 'expired' | 'purged';

/** Why a subscription need not get a message, if so. */
export function whyPassOver(subscription: Subscription, message: BrokerMessage, nowMs: number): WhyPassedOver | undefined {
  const { matches, firstOffsets } = subscription;
  // the streams are trimmed a moment after a purge has answered
  if (message.offset < (firstOffsets[message.partition] ?? 1)) return 'purged';
  if (message.expiresAt !== null && message.expiresAt.getTime() <= nowMs) return 'expired';
  if (isOfOthers(subscription, () => JSON.parse(message.headers) as Record<string, string>)) return 'filter';
  if (matches === undefined) return undefined;
  const view = {
    type: message.type,
    key: message.key,
    headers: JSON.parse(message.headers) as Record<string, string>,
    payload: () => JSON.parse(message.payload) as unknown,
  };
  return matches(view) ? undefined : 'filter';
}
