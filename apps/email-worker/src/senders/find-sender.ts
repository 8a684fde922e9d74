import { SYSTEM_TENANT } from '@angarium/contracts';
import type { Mailbox } from '../compose/mail.js';
import { parseMailbox } from '../compose/parse-mailbox.js';
import { EmailErrors } from '../errors.js';
import type { Sender, SenderDirectory } from './sender.js';
import type { SenderPools } from './sender-pools.js';
import type { SenderRepository, StoredSender } from './sender.repository.js';

/** A changed sender is used by every replica after this, at the latest. */
const REMEMBER_MS = 5_000;
const MAX_REMEMBERED = 2_000;

export interface FindSenderParts {
  readonly senders: Pick<SenderRepository, 'findFor'>;
  readonly pools: Pick<SenderPools, 'open' | 'close'>;
  /** SMTP_URL and EMAIL_FROM: for whoever has no sender of his own. */
  readonly system: Sender;
  /** Monotonic, in ms. */
  readonly now?: () => number;
}

/**
 * Which way a tenant's mail goes out: by the sender whose domain `from` has; without `from` by the tenant's default; else by SMTP_URL.
 * A domain is its owner's: nobody else may write `from` it, and the domain of EMAIL_FROM belongs to the system.
 */
export class FindSender implements SenderDirectory {
  private readonly remembered = new Map<string, { rows: Promise<StoredSender[]>; until: number }>();

  constructor(private readonly parts: FindSenderParts) {}

  async find(tenant: string, from: string | undefined): Promise<Sender> {
    const { system, pools } = this.parts;
    const mailbox = from === undefined ? undefined : parseMailbox(from);
    if (from !== undefined && mailbox === undefined) {
      throw EmailErrors.EMAIL_INVALID('from is no sender; give "name@domain" or "Name <name@domain>", in one line.', { details: { field: 'from' } });
    }
    const domain = mailbox && domainOf(mailbox);
    const rows = await this.rowsOf(tenant, domain);
    const own = rows.filter((it) => it.tenant === tenant);
    if (mailbox === undefined) {
      const standard = own.find((it) => it.isDefault);
      return standard === undefined ? system : pools.open(standard);
    }
    const named = own.find((it) => addressOf(it) === mailbox.address.toLowerCase()) ?? own.find((it) => it.domain === domain);
    if (named !== undefined) return pools.open(named);
    const isOthers = rows.some((it) => it.tenant !== tenant && it.domain === domain) || domain === domainOf(system.from);
    if (isOthers && tenant !== SYSTEM_TENANT && mailbox.address.toLowerCase() !== system.from.address.toLowerCase()) {
      throw EmailErrors.EMAIL_SENDER_REFUSED(`The domain of from belongs to somebody else. Use an address of one of your own senders, or leave from out.`);
    }
    return system;
  }

  close(): void {
    this.parts.pools.close();
    this.parts.system.transport.close();
  }

  /** Concurrent mails of one tenant share one query. */
  private rowsOf(tenant: string, domain: string | undefined): Promise<StoredSender[]> {
    const { now = () => performance.now(), senders } = this.parts;
    const key = JSON.stringify([tenant, domain ?? '']);
    const known = this.remembered.get(key);
    if (known !== undefined && known.until > now()) return known.rows;
    const rows = senders.findFor(tenant, domain);
    const entry = { rows, until: now() + REMEMBER_MS };
    this.remembered.delete(key);
    this.remembered.set(key, entry);
    const oldest = this.remembered.size > MAX_REMEMBERED ? this.remembered.keys().next().value : undefined;
    if (oldest !== undefined) this.remembered.delete(oldest);
    // a failure is not remembered; whoever waits for it is told by the promise itself
    rows.catch(() => this.remembered.get(key) === entry && this.remembered.delete(key));
    return rows;
  }
}

function domainOf({ address }: Mailbox): string {
  return address.slice(address.lastIndexOf('@') + 1).toLowerCase();
}

function addressOf({ fromMailbox }: StoredSender): string | undefined {
  return parseMailbox(fromMailbox)?.address.toLowerCase();
}
