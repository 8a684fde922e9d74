import type { Refusal } from '../deliver/mail-transport.js';
import { addressKey, recipientKey } from './recipient-key.js';

/** What became of one recipient, as the ledger keeps it. `open`: the mail as a whole did not come so far, or nobody knows. */
export interface RecipientResult {
  readonly key: string;
  readonly status: 'accepted' | 'rejected' | 'suppressed' | 'open';
  /** The mail server's reply code. */
  readonly smtp?: number;
  /** Its text, without addresses. */
  readonly reason?: string;
}

export interface RecipientFacts {
  readonly deliveryId: string;
  /** Every recipient that was ordered: to, cc, bcc. */
  readonly ordered: readonly string[];
  /** Those of them that the mail server was told, in this order; refusals count by it. */
  readonly told: readonly string[];
  readonly refusals: readonly Refusal[];
  /** What a recipient that was told and not refused is. */
  readonly rest: 'accepted' | 'open';
}

/** One result per recipient, in the order of the order. Pure. */
export function recipientResults({ deliveryId, ordered, told, refusals, rest }: RecipientFacts): RecipientResult[] {
  const toldKeys = new Set(told.map(addressKey));
  const refused = new Map(refusals.map((refusal) => [addressKey(told[refusal.index] ?? ''), refusal]));
  return ordered.map((address) => {
    const name = addressKey(address);
    const key = recipientKey(deliveryId, address);
    if (!toldKeys.has(name)) return { key, status: 'suppressed' };
    const refusal = refused.get(name);
    if (refusal === undefined) return { key, status: rest };
    return { key, status: 'rejected', reason: refusal.reason, ...(refusal.smtp === undefined ? {} : { smtp: refusal.smtp }) };
  });
}
