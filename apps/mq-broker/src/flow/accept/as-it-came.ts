import type { ToPublish } from './accept-message.js';
import { deriveIds, type KeyedCall } from './derive-ids.js';
import { payloadText } from './payload-text.js';

/** A message that was sent alone, with the letters of its payload and the id that its Idempotency-Key gives it, where there is need of them. */
export function asItCame(call: KeyedCall & { readonly bodyText: string | undefined }, input: ToPublish): ToPublish {
  const text = payloadText(call.bodyText);
  const idOf = deriveIds(call);
  // most publishes are neither, and a copy of each would be felt
  return text === undefined && idOf === undefined ? input : { ...input, payloadText: text, derivedId: idOf?.(0) };
}
