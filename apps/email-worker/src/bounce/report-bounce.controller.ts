import { ReportEmailBounce, SYSTEM_TENANT, type PayloadOf, type ResponseOf } from '@angarium/contracts';
import { OutboxRelay } from '@angarium/database';
import type { Logger } from '@angarium/observability';
import { InjectLogger } from '@angarium/service-shell';
import { OnRequest } from '@angarium/transport';
import { Controller } from '@nestjs/common';
import { currentTenant } from '../claim/current-tenant.js';
import { BounceRepository } from './bounce.repository.js';
import { readReport } from './read-report.js';

/**
 * Takes reports of mails that came back. Anybody can write such a message, so it may only touch what we know to be true: a recipient of
 * a mail in the ledger; whose it is says the ledger, and a tenant that hands it in reaches its own mails only.
 */
@Controller()
export class ReportBounce {
  constructor(
    private readonly bounces: BounceRepository,
    private readonly relay: OutboxRelay,
    @InjectLogger() private readonly logger: Logger,
  ) {}

  /** Idempotent. @throws EMAIL_BOUNCE_UNREADABLE */
  @OnRequest(ReportEmailBounce)
  async report({ message }: PayloadOf<typeof ReportEmailBounce>): Promise<ResponseOf<typeof ReportEmailBounce>> {
    const { messageIds, recipients } = await readReport(message);
    const found = await this.bounces.find(messageIds);
    const caller = currentTenant();
    const delivery = found !== null && (caller === SYSTEM_TENANT || caller === found.tenant) ? found : null;
    const results: ResponseOf<typeof ReportEmailBounce>['results'] = [];
    for (const recipient of recipients) {
      const outcome = delivery === null ? 'unknown-delivery' : await this.bounces.record(delivery, recipient);
      results.push({ kind: recipient.kind, status: recipient.status, outcome });
      if (outcome === 'recorded') this.logger.info({ deliveryId: delivery?.id, kind: recipient.kind, status: recipient.status }, 'mail came back');
    }
    this.relay.kick();
    return { results };
  }
}
