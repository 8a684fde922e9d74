import { EmailUnsubscribed, UnsubscribeEmail, type PayloadOf, type ResponseOf } from '@angarium/contracts';
import { addToOutbox, InjectDatabase, OutboxRelay, type Database } from '@angarium/database';
import type { Logger } from '@angarium/observability';
import type { Sealer } from '@angarium/secrets';
import { InjectLogger } from '@angarium/service-shell';
import { encodeEvent, MessageBus, OnRequest } from '@angarium/transport';
import { Controller, Inject } from '@nestjs/common';
import { EmailErrors } from '../errors.js';
import { SEALER } from '../senders/sealer.js';
import { SuppressionRepository } from './suppression.repository.js';
import { openUnsubscribeToken } from './unsubscribe-token.js';

/** Does what an unsubscribe link says. Tenant, address and category come from the token: who asks is nobody we know. */
@Controller()
export class Unsubscribe {
  constructor(
    private readonly suppressions: SuppressionRepository,
    @InjectDatabase() private readonly db: Database<'email'>,
    @Inject(SEALER) private readonly sealer: Sealer | undefined,
    private readonly bus: MessageBus,
    private readonly relay: OutboxRelay,
    @InjectLogger() private readonly logger: Logger,
  ) {}

  /** Idempotent: a second click finds the entry there, and tells nobody again. @throws EMAIL_UNSUBSCRIBE_LINK_INVALID */
  @OnRequest(UnsubscribeEmail)
  async unsubscribe({ token, isConfirmed }: PayloadOf<typeof UnsubscribeEmail>): Promise<ResponseOf<typeof UnsubscribeEmail>> {
    const what = this.sealer && openUnsubscribeToken(this.sealer, token);
    if (what === undefined) throw EmailErrors.EMAIL_UNSUBSCRIBE_LINK_INVALID();
    const { tenant, address, category, deliveryId } = what;
    if (!isConfirmed) return { category, isUnsubscribed: false };
    const isNew = await this.db.$transaction(async (tx) => {
      const known = await tx.emailSuppression.findUnique({ where: { tenant_addressKey_category: { tenant, addressKey: address, category: category ?? '' } } });
      if (known?.reason === 'unsubscribe') return false;
      await this.suppressions.put(tenant, { addressKey: address, category, reason: 'unsubscribe', deliveryId, expiresAt: null }, tx);
      await addToOutbox(tx, encodeEvent(EmailUnsubscribed, { deliveryId, category, unsubscribedAt: new Date().toISOString() }, this.bus.source, { tenant }));
      return true;
    });
    if (isNew) {
      this.relay.kick();
      this.logger.info({ deliveryId, category }, 'a recipient unsubscribed');
    }
    return { category, isUnsubscribed: true };
  }
}
