import { AuditRecorded, ListAudit, UserCreated, type PayloadOf, type ResponseOf } from '@angarium/contracts';
import { OutboxRelay } from '@angarium/database';
import { encodeEvent, MessageBus, OnEvent, OnRequest, StreamsContext } from '@angarium/transport';
import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { AuditRepository } from './audit.repository.js';

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
    const { id, source, correlationid, tenant } = context.getAttributes();
    const fact = { eventId: id, action: UserCreated.name, subject: userId, actor: userId, source, correlationId: correlationid, tenant };
    await this.records.addOnce(fact, (record) => encodeEvent(AuditRecorded, record, this.bus.source));
    this.relay.kick();
  }

  @OnRequest(ListAudit)
  async list({ subject, limit }: PayloadOf<typeof ListAudit>): Promise<ResponseOf<typeof ListAudit>> {
    return { records: await this.records.list(subject, limit) };
  }
}
