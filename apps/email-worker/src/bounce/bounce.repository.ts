import { EmailBounced } from '@angarium/contracts';
import { addToOutbox, InjectDatabase, type Database } from '@angarium/database';
import { encodeEvent, MessageBus } from '@angarium/transport';
import { Injectable } from '@nestjs/common';
import { addressKey, recipientKey } from '../report/recipient-key.js';
import { SuppressionRepository } from '../suppress/suppression.repository.js';
import type { ReportedRecipient } from './read-report.js';

/**
 * How long a hard bounce keeps an address off: mailboxes are given out anew, and a domain that is set up wrongly is set right. A
 * quarter of a year keeps our name with the provider, and lets an address that works again back without anybody's doing. A complaint does not end.
 */
const HARD_BOUNCE_DAYS = 90;
const DAY_MS = 86_400_000;
/** What is heard of one recipient of one mail only ever grows worse: what came before and comes again, in any order, is no news. */
const kinds = ['soft', 'hard', 'complaint'] as const;

/** A delivery that a report names. */
export interface ReportedDelivery {
  readonly id: string;
  readonly tenant: string;
  readonly idempotencyKey: string;
  readonly recipients: unknown;
}

@Injectable()
export class BounceRepository {
  constructor(
    @InjectDatabase() private readonly db: Database<'email'>,
    private readonly suppressions: SuppressionRepository,
    private readonly bus: MessageBus,
  ) {}

  /** The delivery with one of these Message-IDs; its id is their left side. @throws DATABASE_UNAVAILABLE, DATABASE_BUSY */
  async find(messageIds: readonly string[]): Promise<ReportedDelivery | null> {
    const ids = messageIds.flatMap((it) => /^<([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@/.exec(it)?.[1] ?? []);
    if (ids.length === 0) return null;
    return this.db.emailDelivery.findFirst({ where: { id: { in: ids }, messageId: { in: [...messageIds] } } });
  }

  /**
   * Notes a report in the ledger, with its event and what it means for further mails, in one transaction. Idempotent: a report that
   * comes again, or after a worse one of the same mail, changes nothing.
   * @returns `unknown-delivery` where the address is no recipient of the mail. @throws DATABASE_UNAVAILABLE, DATABASE_BUSY
   */
  async record(delivery: ReportedDelivery, { kind, status, address }: ReportedRecipient): Promise<'recorded' | 'known' | 'unknown-delivery' | 'ignored'> {
    const { id, tenant, idempotencyKey, recipients } = delivery;
    const key = recipientKey(id, address);
    const index = Array.isArray(recipients) ? recipients.findIndex((it: { key?: string } | null) => it?.key === key) : -1;
    if (index < 0) return 'unknown-delivery';
    if (kind === 'delivered') return 'ignored';
    return this.db.$transaction(async (tx) => {
      const changed = await tx.$executeRaw`
        UPDATE "email"."email_deliveries"
        SET recipients = jsonb_set(recipients, ARRAY[${String(index)}, 'bounced'], to_jsonb(${kind}::text)), updated_at = now()
        WHERE id = ${id}::uuid
          AND coalesce(array_position(${[...kinds]}::text[], recipients -> ${index}::int ->> 'bounced'), 0) < array_position(${[...kinds]}::text[], ${kind}::text)`;
      if (changed === 0) return 'known';
      const isSuppressed = kind !== 'soft';
      if (isSuppressed) {
        const expiresAt = kind === 'hard' ? new Date(Date.now() + HARD_BOUNCE_DAYS * DAY_MS) : null;
        const reason = kind === 'hard' ? ('hard-bounce' as const) : ('complaint' as const);
        await this.suppressions.put(tenant, { addressKey: addressKey(address), category: null, reason, deliveryId: id, expiresAt }, tx);
      }
      const payload = { deliveryId: id, idempotencyKey, recipientIndex: index, kind, ...(status === null ? {} : { status }), isSuppressed, bouncedAt: new Date().toISOString() };
      await addToOutbox(tx, encodeEvent(EmailBounced, payload, this.bus.source, { tenant }));
      return 'recorded';
    });
  }
}
