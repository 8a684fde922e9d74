import { randomBytes } from 'node:crypto';
import { readMail, type MailSummary, type ReceivedMail } from './read-mail.js';

interface Kept {
  readonly mail: ReceivedMail;
  /** Parsed on the first look; only the summary is kept, so that parts are not held twice. */
  summary?: Promise<MailSummary>;
}

/**
 * The mails of one inbox, in memory, newest first. Bounded by count and by bytes: the oldest go first.
 * Nothing is on disk; a restart begins empty.
 */
export class MailStore {
  private kept: Kept[] = [];
  private bytes = 0;

  constructor(
    private readonly maxMessages: number,
    private readonly maxBytes: number,
  ) {}

  get count(): number {
    return this.kept.length;
  }

  add(mail: Omit<ReceivedMail, 'id' | 'receivedAt'>): void {
    this.kept.push({ mail: { ...mail, id: randomBytes(11).toString('hex'), receivedAt: new Date() } });
    this.bytes += mail.raw.length;
    let dropped = 0;
    while (this.kept.length - dropped > this.maxMessages || (this.bytes > this.maxBytes && this.kept.length - dropped > 1)) {
      this.bytes -= this.kept[dropped]?.mail.raw.length ?? 0;
      dropped += 1;
    }
    if (dropped > 0) this.kept.splice(0, dropped);
  }

  /** Summaries, newest first. */
  list(start: number, limit: number): Promise<MailSummary[]> {
    const end = this.kept.length - start;
    const page = limit <= 0 || end <= 0 ? [] : this.kept.slice(Math.max(0, end - limit), end).reverse();
    return Promise.all(page.map((it) => (it.summary ??= readMail(it.mail).then((read) => read.summary))));
  }

  /** All mails as they came in, newest first. */
  all(): ReceivedMail[] {
    return this.kept.map((it) => it.mail).reverse();
  }

  /** The mail as it came in. `latest` is the newest one. */
  find(id: string): ReceivedMail | undefined {
    return (id === 'latest' ? this.kept.at(-1) : this.kept.find((it) => it.mail.id === id))?.mail;
  }

  /** Removes these mails, or all. Unknown ids are passed over. */
  remove(ids?: readonly string[]): void {
    const gone = ids === undefined ? undefined : new Set(ids);
    this.kept = gone === undefined ? [] : this.kept.filter((it) => !gone.has(it.mail.id));
    this.bytes = this.kept.reduce((sum, it) => sum + it.mail.raw.length, 0);
  }
}
