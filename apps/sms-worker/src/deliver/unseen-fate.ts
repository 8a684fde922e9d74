import type { SmsFate } from './sms-provider.js';

/** A provider lists what it took after a moment, not at once. */
const LISTED_AFTER_MS = 60_000;

/** What the absence of an SMS in a provider's list says: nothing for a minute, then that it never came. `now`: milliseconds since 1970. */
export function unseenFate(sentAt: Date, now = Date.now()): SmsFate {
  return { state: now - sentAt.getTime() < LISTED_AFTER_MS ? 'unknown' : 'never-seen' };
}
