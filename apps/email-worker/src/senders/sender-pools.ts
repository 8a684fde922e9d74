import type { Logger } from '@angarium/observability';
import type { SMTPPoolOptions } from 'nodemailer';
import { parseMailbox } from '../compose/parse-mailbox.js';
import { dkimOptions } from '../deliver/dkim.js';
import type { MailTransport } from '../deliver/mail-transport.js';
import { parseSmtpUrl } from '../deliver/smtp-address.js';
import { SmtpTransport } from '../deliver/smtp.transport.js';
import { EmailErrors } from '../errors.js';
import type { Sender } from './sender.js';
import type { SenderSecrets } from './sender-secrets.js';
import type { StoredSender } from './sender.repository.js';

/** A pool that was not asked for this long is closed. */
const IDLE_MS = 60_000;
const SWEEP_MS = 15_000;
/** Pools at a time; the one that was asked longest ago goes first. */
const MAX_POOLS = 100;

export interface SenderPoolsOptions {
  readonly secrets: SenderSecrets;
  readonly getSocket: NonNullable<SMTPPoolOptions['getSocket']>;
  readonly requireTls: boolean;
  readonly timeoutMs: number;
  /** Most connections to one sender's server. */
  readonly connections: number;
  /** Mails a second of senders that say nothing. */
  readonly defaultRate: number;
  readonly logger: Logger;
  readonly now?: () => number;
}

interface Pool {
  readonly sender: Sender;
  readonly transport: CountingTransport;
  usedAt: number;
}

/**
 * Connections to the servers of tenants, one pool per sender and version. A changed sender gets a new pool; the old one, like one that
 * nobody asked for a minute, is closed when its last mail is out. Stops with `close`.
 */
export class SenderPools {
  private readonly pools = new Map<string, Pool>();
  private readonly sweeping: NodeJS.Timeout;

  constructor(private readonly options: SenderPoolsOptions) {
    this.sweeping = setInterval(() => this.sweep(), SWEEP_MS).unref();
  }

  /** @throws EMAIL_SEAL_KEYS_MISSING, SECRET_KEY_UNKNOWN, SECRET_BROKEN, EMAIL_INVALID */
  open(stored: StoredSender): Sender {
    const key = `${stored.id}/${stored.version}`;
    const pool = this.pools.get(key) ?? this.make(stored);
    // the newest last: the first is the one to give up
    this.pools.delete(key);
    this.pools.set(key, pool);
    pool.usedAt = this.now();
    if (this.pools.size > MAX_POOLS) this.drop([...this.pools.keys()][0] ?? '');
    return pool.sender;
  }

  /** One pass: closes what nobody asked for. */
  sweep(): void {
    for (const [key, { usedAt, transport }] of this.pools) if (this.now() - usedAt > IDLE_MS && transport.isIdle) this.drop(key);
  }

  /** Idempotent. */
  close(): void {
    clearInterval(this.sweeping);
    for (const { transport } of this.pools.values()) transport.close();
    this.pools.clear();
  }

  get count(): number {
    return this.pools.size;
  }

  private make(stored: StoredSender): Pool {
    const { secrets, getSocket, requireTls, timeoutMs, connections, defaultRate } = this.options;
    const server = parseSmtpUrl(secrets.open(stored.smtpUrl, stored, 'smtpUrl'));
    const from = parseMailbox(stored.fromMailbox);
    if (server === undefined || from === undefined) throw EmailErrors.EMAIL_INVALID(`The sender ${stored.name} has no usable smtpUrl or from. Set it anew.`);
    const privateKey = stored.dkimPrivateKey === null ? undefined : secrets.open(stored.dkimPrivateKey, stored, 'dkimPrivateKey');
    const dkim = dkimOptions(stored.dkimDomain ?? undefined, stored.dkimSelector ?? undefined, privateKey);
    const transport = new CountingTransport(() => new SmtpTransport({ server, requireTls, connections, timeoutMs, dkim, getSocket }));
    const sender: Sender = { key: stored.id, from, transport, ratePerSecond: stored.ratePerSecond ?? defaultRate };
    return { sender, transport, usedAt: this.now() };
  }

  private drop(key: string): void {
    this.pools.get(key)?.transport.closeWhenIdle();
    this.pools.delete(key);
  }

  private now(): number {
    return (this.options.now ?? (() => performance.now()))();
  }
}

/**
 * Knows how many mails are on their way, so that nobody closes the connection under one. open → given up (closed when its last mail is
 * out) → closed for ever by `close`. A mail that waited for its turn meanwhile opens what was given up once more, and closes it behind it.
 */
class CountingTransport implements MailTransport {
  private inner: MailTransport | undefined;
  private running = 0;
  private isGivenUp = false;
  private isEnded = false;

  constructor(private readonly connect: () => MailTransport) {}

  get isIdle(): boolean {
    return this.running === 0;
  }

  /** @throws SMTP_UNAVAILABLE after `close`: the job is for another replica; what MailTransport.send throws */
  async send(...call: Parameters<MailTransport['send']>): ReturnType<MailTransport['send']> {
    if (this.isEnded) throw EmailErrors.SMTP_UNAVAILABLE('This worker stops and opens no more connections. The mail waits for another one.');
    this.running += 1;
    try {
      this.inner ??= this.connect();
      return await this.inner.send(...call);
    } finally {
      this.running -= 1;
      if (this.isGivenUp && this.isIdle) this.disconnect();
    }
  }

  closeWhenIdle(): void {
    this.isGivenUp = true;
    if (this.isIdle) this.disconnect();
  }

  close(): void {
    this.isEnded = true;
    this.disconnect();
  }

  private disconnect(): void {
    this.inner?.close();
    this.inner = undefined;
  }
}
