import type { EncodedEvent } from '@angarium/contracts';
import type { RecipientResult } from './recipient-results.js';

/** The mail server took the mail for at least one recipient. */
export interface SentRow {
  readonly deliveryId: string;
  readonly acceptedCount: number;
  readonly rejectedCount: number;
  /** The first refusal of a mail that was taken for some only. */
  readonly rejection?: string;
  readonly recipients: readonly RecipientResult[];
  readonly at: Date;
}

/** The mail was given up, held because nobody knows whether it went out, or had nobody to go to. */
export interface EndedRow {
  readonly deliveryId: string;
  readonly status: 'failed' | 'unknown' | 'suppressed';
  readonly code: string;
  readonly reason: string;
  readonly recipients: readonly RecipientResult[];
  /** The last attempt that comes by itself; a later one opens the row again. */
  readonly lastAttempt: number;
}

/** How a ledger row ends, and the event that tells of it. */
export interface Outcome {
  readonly row: SentRow | EndedRow;
  readonly event: EncodedEvent;
}
