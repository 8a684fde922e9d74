import { createPrivateKey } from 'node:crypto';
import { DeleteEmailSender, GetEmailSender, ListEmailSenders, PutEmailSender, TestEmailSender, type PayloadOf, type ResponseOf } from '@angarium/contracts';
import { OnRequest } from '@angarium/transport';
import { Controller, Inject } from '@nestjs/common';
import { currentTenant } from '../claim/current-tenant.js';
import { parseMailbox } from '../compose/parse-mailbox.js';
import { toPem } from '../deliver/dkim.js';
import { parseSmtpUrl } from '../deliver/smtp-address.js';
import { EmailErrors } from '../errors.js';
import { SenderPools } from './sender-pools.js';
import { SenderSecrets } from './sender-secrets.js';
import { SenderRepository, type StoredSender } from './sender.repository.js';
import { testSender, type TestSenderOptions } from './test-sender.js';

export const TEST_SENDER_OPTIONS = Symbol('angarium:test-sender-options');

/** Answers what the gateway asks of senders; whose they are says the context of the request. No answer holds a secret. */
@Controller()
export class AnswerSenders {
  constructor(
    private readonly senders: SenderRepository,
    private readonly secrets: SenderSecrets,
    private readonly pools: SenderPools,
    @Inject(TEST_SENDER_OPTIONS) private readonly testOptions: TestSenderOptions,
  ) {}

  @OnRequest(ListEmailSenders)
  async list(): Promise<ResponseOf<typeof ListEmailSenders>> {
    return { items: (await this.senders.list(currentTenant())).map((it) => this.shown(it)) };
  }

  /** @throws EMAIL_SENDER_NOT_FOUND */
  @OnRequest(GetEmailSender)
  async get({ name }: PayloadOf<typeof GetEmailSender>): Promise<ResponseOf<typeof GetEmailSender>> {
    return this.shown(await this.senders.get(currentTenant(), name));
  }

  /** Secrets are opened once, so that nobody keeps one that cannot be used. @throws EMAIL_INVALID, EMAIL_SENDER_DOMAIN_TAKEN, EMAIL_SEAL_KEYS_MISSING */
  @OnRequest(PutEmailSender)
  async put({ name, from, smtpUrl, dkim, ratePerSecond, isDefault }: PayloadOf<typeof PutEmailSender>): Promise<ResponseOf<typeof PutEmailSender>> {
    const place = { tenant: currentTenant(), name };
    const mailbox = parseMailbox(from);
    if (mailbox === undefined) throw invalid('from', 'is no sender; give "name@domain" or "Name <name@domain>"');
    if (smtpUrl !== undefined && parseSmtpUrl(this.secrets.open(smtpUrl, place, 'smtpUrl')) === undefined) throw invalid('smtpUrl', 'is no server address; give smtp://user:password@host:port');
    if (dkim?.privateKey !== undefined && !isRsaKey(this.secrets.open(dkim.privateKey, place, 'dkimPrivateKey'))) throw invalid('dkim.privateKey', 'is no RSA private key in PEM form');
    const domain = mailbox.address.slice(mailbox.address.lastIndexOf('@') + 1).toLowerCase();
    const fields = { fromMailbox: from, domain, dkimDomain: dkim?.domain ?? null, dkimSelector: dkim?.selector ?? null, ratePerSecond, isDefault };
    const dkimPrivateKey = dkim === null ? null : dkim.privateKey;
    return this.shown(await this.senders.put(place.tenant, name, { ...fields, smtpUrl, dkimPrivateKey }));
  }

  /** @throws EMAIL_SENDER_NOT_FOUND */
  @OnRequest(DeleteEmailSender)
  async delete({ name }: PayloadOf<typeof DeleteEmailSender>): Promise<ResponseOf<typeof DeleteEmailSender>> {
    await this.senders.remove(currentTenant(), name);
    return { isDeleted: true };
  }

  /** @throws EMAIL_SENDER_NOT_FOUND, EMAIL_SEAL_KEYS_MISSING */
  @OnRequest(TestEmailSender)
  async test({ name, to }: PayloadOf<typeof TestEmailSender>): Promise<ResponseOf<typeof TestEmailSender>> {
    const stored = await this.senders.get(currentTenant(), name);
    return testSender(this.secrets.open(stored.smtpUrl, stored, 'smtpUrl'), this.pools.open(stored), to, this.testOptions);
  }

  private shown(stored: StoredSender): ResponseOf<typeof GetEmailSender> {
    const { name, fromMailbox: from, dkimDomain, dkimSelector, dkimPrivateKey, ratePerSecond, isDefault, version, createdAt, updatedAt } = stored;
    const server = parseSmtpUrl(this.secrets.open(stored.smtpUrl, stored, 'smtpUrl'));
    return {
      ...{ name, from, ratePerSecond, isDefault, version, createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() },
      smtp: { host: server?.host ?? '', port: server?.port ?? 0, isTlsFromStart: server?.isTlsFromStart ?? false, hasLogin: server?.login !== undefined },
      dkim: dkimDomain === null || dkimSelector === null ? null : { domain: dkimDomain, selector: dkimSelector, hasKey: dkimPrivateKey !== null },
    };
  }
}

function isRsaKey(text: string): boolean {
  try {
    return createPrivateKey(toPem(text)).asymmetricKeyType === 'rsa';
  } catch {
    // not even a key
    return false;
  }
}

function invalid(field: string, what: string) {
  return EmailErrors.EMAIL_INVALID(`${field} ${what}.`, { details: { field } });
}
