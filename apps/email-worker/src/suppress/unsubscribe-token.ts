import type { Sealer } from '@angarium/secrets';
import { z } from 'zod';

/** What an unsubscribe link means. */
const content = z.object({ tenant: z.string(), address: z.string(), category: z.string().nullable(), deliveryId: z.uuid() });
export type Unsubscription = z.output<typeof content>;

const CONTEXT = 'email/unsubscribe';

/**
 * The link's token: encrypted, because links end up in logs and histories and hold an address; authenticated, so that nobody can make
 * one up. Needs no row: links in old mails work as long as SEAL_KEYS holds the key they were made with.
 */
export function sealUnsubscribeToken(sealer: Sealer, what: Unsubscription): string {
  return sealer.seal(JSON.stringify(what), CONTEXT);
}

/** @returns undefined when the token is none of ours. */
export function openUnsubscribeToken(sealer: Sealer, token: string): Unsubscription | undefined {
  try {
    return content.parse(JSON.parse(sealer.open(token, CONTEXT)));
  } catch {
    // whatever is wrong with it, it is no token
    return undefined;
  }
}
