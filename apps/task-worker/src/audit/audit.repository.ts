import type { AuditRecorded, EncodedEvent, ListAudit, PayloadOf, ResponseOf } from '@angarium/contracts';
import { addToOutbox, InjectDatabase, isUniqueViolation, type Database } from '@angarium/database';
import { Injectable } from '@nestjs/common';

export interface AuditFact {
  /** Id of the event that stated it; there is one record per event. */
  readonly eventId: string;
  readonly action: string;
  readonly subject: string;
  readonly actor: string;
  readonly source: string;
  readonly correlationId: string;
  readonly tenant: string;
}

@Injectable()
export class AuditRepository {
  constructor(@InjectDatabase() private readonly database: Database<'tasks'>) {}

  /** Stores the record with its event in one transaction; does nothing when this event was recorded before. */
  async addOnce(fact: AuditFact, eventOf: (record: PayloadOf<typeof AuditRecorded>) => EncodedEvent): Promise<void> {
    try {
      await this.database.$transaction(async (tx) => {
        const { id, action, subject, recordedAt } = await tx.auditRecord.create({ data: fact });
        await addToOutbox(tx, eventOf({ auditId: id, action, subject, recordedAt: recordedAt.toISOString() }));
      });
    } catch (error) {
      if (!isUniqueViolation(error, 'audit_records_event_id_key')) throw error;
    }
  }

  /** Newest first. */
  async list(subject: string, limit: number): Promise<ResponseOf<typeof ListAudit>['records']> {
    const rows = await this.database.auditRecord.findMany({ where: { subject }, orderBy: { recordedAt: 'desc' }, take: limit });
    return rows.map(({ id, action, actor, source, correlationId, recordedAt }) => ({
      ...{ auditId: id, action, subject, actor, source, correlationId },
      recordedAt: recordedAt.toISOString(),
    }));
  }
}
