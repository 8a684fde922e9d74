import { createHash } from 'node:crypto';

/** One spelling of an address: what it is looked up by. Local parts are compared without case, as every large mail provider does. */
export function addressKey(address: string): string {
  return address.trim().toLowerCase();
}

/**
 * What the ledger keeps of a recipient: enough to recognise the address in a bounce, too little to read it. Salted with the delivery,
 * so that one person's mails have nothing in common.
 */
export function recipientKey(deliveryId: string, address: string): string {
  return createHash('sha256').update(`${deliveryId} ${addressKey(address)}`).digest('base64url').slice(0, 22);
}
