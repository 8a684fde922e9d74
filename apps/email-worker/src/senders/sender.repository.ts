import { InjectDatabase, type Database } from '@angarium/database';
import { Injectable } from '@nestjs/common';
import { EmailErrors } from '../errors.js';

/** A sender as it is kept: secrets sealed. */
export interface SenderFields {
  readonly fromMailbox: string;
  readonly domain: string;
  readonly smtpUrl: string;
  readonly dkimDomain: string | null;
  readonly dkimSelector: string | null;
  readonly dkimPrivateKey: string | null;
  readonly ratePerSecond: number | null;
  readonly isDefault: boolean;
}
export interface StoredSender extends SenderFields {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

@Injectable()
export class SenderRepository {
  constructor(@InjectDatabase() private readonly db: Database<'email'>) {}

  /** The senders of a tenant, and whoever's sends from this domain. @throws DATABASE_UNAVAILABLE, DATABASE_BUSY */
  async findFor(tenant: string, domain: string | undefined): Promise<StoredSender[]> {
    return this.db.emailSender.findMany({ where: { OR: [{ tenant }, ...(domain === undefined ? [] : [{ domain }])] }, orderBy: { name: 'asc' } });
  }

  /** @throws EMAIL_SENDER_NOT_FOUND, DATABASE_UNAVAILABLE, DATABASE_BUSY */
  async get(tenant: string, name: string): Promise<StoredSender> {
    const row = await this.db.emailSender.findUnique({ where: { tenant_name: { tenant, name } } });
    if (row === null) throw EmailErrors.EMAIL_SENDER_NOT_FOUND(`The tenant has no sender ${name}. GET /email-senders lists those that there are.`);
    return row;
  }

  /** @throws DATABASE_UNAVAILABLE, DATABASE_BUSY */
  async list(tenant: string): Promise<StoredSender[]> {
    return this.db.emailSender.findMany({ where: { tenant }, orderBy: { name: 'asc' } });
  }

  /**
   * Makes or changes a sender. Secrets that are left out (undefined) stay. A new default takes the place of the old one. Idempotent.
   * @throws EMAIL_SENDER_DOMAIN_TAKEN, EMAIL_INVALID (a new one without smtpUrl), DATABASE_UNAVAILABLE, DATABASE_BUSY
   */
  async put(tenant: string, name: string, fields: Omit<SenderFields, 'smtpUrl' | 'dkimPrivateKey'> & { smtpUrl?: string | undefined; dkimPrivateKey?: string | null | undefined }): Promise<StoredSender> {
    const { smtpUrl, dkimPrivateKey, ...plain } = fields;
    return this.db.$transaction(async (tx) => {
      // two tenants that claim one domain at once: one waits, and then sees the other
      await tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`email.senders:${fields.domain}`}, 0))::text`;
      const [owner] = await tx.$queryRaw<{ tenant: string }[]>`SELECT tenant FROM "email"."senders" WHERE domain = ${fields.domain} AND tenant <> ${tenant} LIMIT 1`;
      if (owner !== undefined) throw EmailErrors.EMAIL_SENDER_DOMAIN_TAKEN(`Another tenant sends from ${fields.domain}. Use a domain of your own; ask the operator if this one is.`);
      if (fields.isDefault) await tx.emailSender.updateMany({ where: { tenant, isDefault: true, name: { not: name } }, data: { isDefault: false } });
      const secrets = { ...(smtpUrl === undefined ? {} : { smtpUrl }), ...(dkimPrivateKey === undefined ? {} : { dkimPrivateKey }) };
      const existing = await tx.emailSender.findUnique({ where: { tenant_name: { tenant, name } } });
      if (existing !== null) return tx.emailSender.update({ where: { id: existing.id }, data: { ...plain, ...secrets, version: { increment: 1 } } });
      if (smtpUrl === undefined) throw EmailErrors.EMAIL_INVALID('smtpUrl is required for a new sender.', { details: { field: 'smtpUrl' } });
      return tx.emailSender.create({ data: { tenant, name, ...plain, smtpUrl, dkimPrivateKey: dkimPrivateKey ?? null } });
    });
  }

  /** @throws EMAIL_SENDER_NOT_FOUND, DATABASE_UNAVAILABLE, DATABASE_BUSY */
  async remove(tenant: string, name: string): Promise<void> {
    const { count } = await this.db.emailSender.deleteMany({ where: { tenant, name } });
    if (count === 0) throw EmailErrors.EMAIL_SENDER_NOT_FOUND(`The tenant has no sender ${name}. GET /email-senders lists those that there are.`);
  }
}
