import type { EncodedEvent } from '@angarium/contracts';
import { addToOutbox, InjectDatabase, type Database } from '@angarium/database';
import { Injectable } from '@nestjs/common';

export interface SentRow {
  readonly deliveryId: string;
  readonly acceptedCount: number;
  readonly rejectedCount: number;
  /** The first refusal of a mail that was taken for some only. */
  readonly rejection?: string;
  readonly at: Date;
}

export interface FailedRow {
  readonly deliveryId: string;
  readonly code: string;
  readonly reason: string;
}

/** Closes ledger rows, each together with the event that tells of it: both or neither. */
@Injectable()
export class OutcomeRepository {
  constructor(@InjectDatabase() private readonly db: Database<'email'>) {}

  /** `sent` wins over everything but an earlier `sent`: it is what happened. @returns whether this call closed the row. */
  close(row: SentRow | FailedRow, event: EncodedEvent): Promise<boolean> {
    return this.db.$transaction(async (tx) => {
      const { count } =
        'code' in row
          ? await tx.emailDelivery.updateMany({
              where: { id: row.deliveryId, status: 'claimed' },
              data: { status: 'failed', lastError: `${row.code}: ${row.reason}` },
            })
          : await tx.emailDelivery.updateMany({
              where: { id: row.deliveryId, status: { not: 'sent' } },
              data: { status: 'sent', acceptedCount: row.acceptedCount, rejectedCount: row.rejectedCount, lastError: row.rejection ?? null, sentAt: row.at },
            });
      if (count > 0) await addToOutbox(tx, event);
      return count > 0;
    });
  }
}
