import type { Mailbox } from '../compose/mail.js';
import type { MailTransport } from '../deliver/mail-transport.js';

/** A way out: whose name mails carry, through which server they go, and how fast. */
export interface Sender {
  /** Names it among all tenants; part of keys in Redis. */
  readonly key: string;
  /** Sender of mails that name none. */
  readonly from: Mailbox;
  readonly transport: MailTransport;
  /** Mails a second over all replicas; 0: no limit of its own. */
  readonly ratePerSecond: number;
}

/** Finds the way out of a tenant's mail. */
export interface SenderDirectory {
  /** @param from what the order names. @throws EMAIL_INVALID, EMAIL_SENDER_REFUSED, DATABASE_UNAVAILABLE */
  find(tenant: string, from: string | undefined): Promise<Sender>;
  /** Ends all connections. Idempotent. */
  close(): void;
}
