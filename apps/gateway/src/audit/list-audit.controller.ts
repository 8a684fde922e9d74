import { ListAudit, type ResponseOf } from '@angarium/contracts';
import { MessageBus } from '@angarium/transport';
import { Controller, Get, Query } from '@nestjs/common';
import { z } from 'zod';

const query = z.object({
  subject: z.string('is required: the id the records are about').min(1).max(200),
  limit: z.coerce.number().int().min(1).max(100).default(50),
});

@Controller()
export class ListAuditController {
  constructor(private readonly bus: MessageBus) {}

  /** The audit trail of one subject, newest first. */
  @Get('audit')
  list(@Query({ schema: query }) { subject, limit }: z.output<typeof query>): Promise<ResponseOf<typeof ListAudit>> {
    return this.bus.send(ListAudit, { subject, limit });
  }
}
