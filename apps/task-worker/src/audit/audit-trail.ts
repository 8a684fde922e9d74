import { AuditRecorded, ListAudit, QueueChanged, UserCreated, type PayloadOf, type ResponseOf } from '@angarium/contracts';
import { OutboxRelay } from '@angarium/database';
import { encodeEvent, MessageBus, OnEvent, OnRequest, StreamsContext } from '@angarium/transport';
import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { AuditRepository, type AuditFact } from './audit.repository.js';

/** What audit.recorded and its readers can carry. */
const MAX_SUBJECT_LENGTH = 200;

/** Keeps the audit trail: one record per fact, whatever is redelivered. */
@Controller()
export class AuditTrail {
  constructor(
    private readonly records: AuditRepository,
    private readonly bus: MessageBus,
    private readonly relay: OutboxRelay,
  ) {}

  @OnEvent(UserCreated)
  async onUserCreated(@Payload() { userId }: PayloadOf<typeof UserCreated>, @Ctx() context: StreamsContext): Promise<void> {
    await this.add({ action: UserCreated.name, subject: userId, actor: userId }, context);
  }

  @OnEvent(QueueChanged)
  async onQueueChanged(@Payload() { queue, act, jobId, by }: PayloadOf<typeof QueueChanged>, @Ctx() context: StreamsContext): Promise<void> {
    const subject = jobId === undefined ? `queues/${queue}` : `queues/${queue}/jobs/${jobId}`;
    await this.add({ action: act, subject: subject.slice(0, MAX_SUBJECT_LENGTH), actor: by }, context);
  }

  @OnRequest(ListAudit)
  async list({ subject, limit }: PayloadOf<typeof ListAudit>): Promise<ResponseOf<typeof ListAudit>> {
    return { records: await this.records.list(subject, limit) };
  }

  private async add(fact: Pick<AuditFact, 'action' | 'subject' | 'actor'>, context: StreamsContext): Promise<void> {
    const { id, source, correlationid, tenant } = context.getAttributes();
    await this.records.addOnce({ ...fact, eventId: id, source, correlationId: correlationid, tenant }, (record) => encodeEvent(AuditRecorded, record, this.bus.source));
    this.relay.kick();
  }
}
