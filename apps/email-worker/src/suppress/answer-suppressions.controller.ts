import { DeleteEmailSuppression, ListEmailSuppressions, PutEmailSuppression, type PayloadOf, type ResponseOf } from '@angarium/contracts';
import { OnRequest } from '@angarium/transport';
import { Controller } from '@nestjs/common';
import { currentTenant } from '../claim/current-tenant.js';
import { EmailErrors } from '../errors.js';
import { addressKey } from '../report/recipient-key.js';
import { SuppressionRepository, type StoredSuppression } from './suppression.repository.js';

/** Answers what the gateway asks of the suppression list; whose it is says the context of the request. */
@Controller()
export class AnswerSuppressions {
  constructor(private readonly suppressions: SuppressionRepository) {}

  @OnRequest(ListEmailSuppressions)
  async list({ address, limit, cursor }: PayloadOf<typeof ListEmailSuppressions>): Promise<ResponseOf<typeof ListEmailSuppressions>> {
    const key = address === undefined ? undefined : addressKey(address);
    const rows = await this.suppressions.list(currentTenant(), { addressKey: key, before: cursor, limit: limit + 1 });
    const items = rows.slice(0, limit);
    return { items: items.map(shown), nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
  }

  @OnRequest(PutEmailSuppression)
  async put({ address, category, reason, expiresAt }: PayloadOf<typeof PutEmailSuppression>): Promise<ResponseOf<typeof PutEmailSuppression>> {
    const entry = { addressKey: addressKey(address), category, reason, deliveryId: null, expiresAt: expiresAt === null ? null : new Date(expiresAt) };
    return shown(await this.suppressions.put(currentTenant(), entry));
  }

  /** @throws EMAIL_SUPPRESSION_NOT_FOUND */
  @OnRequest(DeleteEmailSuppression)
  async delete({ address, category }: PayloadOf<typeof DeleteEmailSuppression>): Promise<ResponseOf<typeof DeleteEmailSuppression>> {
    const isDeleted = await this.suppressions.remove(currentTenant(), addressKey(address), category);
    if (!isDeleted) throw EmailErrors.EMAIL_SUPPRESSION_NOT_FOUND();
    return { isDeleted };
  }
}

function shown({ addressKey: address, category, reason, deliveryId, expiresAt, createdAt }: StoredSuppression) {
  return { address, category, reason, deliveryId, expiresAt: expiresAt?.toISOString() ?? null, createdAt: createdAt.toISOString() };
}
