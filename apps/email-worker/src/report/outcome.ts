import type { EncodedEvent } from '@angarium/contracts';

/** The mail server took the mail for at least one recipient. */
export interface SentRow {
  readonly deliveryId: string;
  readonly acceptedCount: number;
  readonly rejectedCount: number;
  /** The first refusal of a mail that was taken for some only. */
  readonly rejection?: string;
  readonly at: Date;
}

/** The mail was given up. */
export interface FailedRow {
  readonly deliveryId: string;
  readonly code: string;
  readonly reason: string;
}

/** How a ledger row ends, and the event that tells of it. */
export interface Outcome {
  readonly row: SentRow | FailedRow;
  readonly event: EncodedEvent;
}
