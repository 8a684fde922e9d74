import { createHash } from 'node:crypto';
import PostalMime, { type Address, type Attachment, type Email } from 'postal-mime';

/** An address as Mailpit shows it. */
export interface MailAddress {
  readonly Name: string;
  readonly Address: string;
}

/** What the list shows of a mail; field names are Mailpit's. */
export interface MailSummary {
  readonly ID: string;
  readonly MessageID: string;
  readonly Read: boolean;
  readonly From: MailAddress;
  readonly To: readonly MailAddress[];
  readonly Cc: readonly MailAddress[];
  /** Recipients of the envelope that no header names, too: that is who a blind copy went to. */
  readonly Bcc: readonly MailAddress[];
  readonly ReplyTo: readonly MailAddress[];
  readonly Subject: string;
  /** When it was received, ISO 8601. */
  readonly Created: string;
  readonly Username: string;
  readonly Tags: readonly string[];
  /** Bytes of the whole mail. */
  readonly Size: number;
  /** How many files hang on it. */
  readonly Attachments: number;
  /** The first 250 characters of the text. */
  readonly Snippet: string;
}

export interface MailPart {
  readonly PartID: string;
  readonly FileName: string;
  readonly ContentType: string;
  readonly ContentID: string;
  /** Bytes. */
  readonly Size: number;
  readonly Checksums: { readonly SHA256: string };
}

/** A whole mail; field names are Mailpit's. */
export interface MailMessage extends Omit<MailSummary, 'Attachments' | 'Snippet' | 'Created' | 'Read'> {
  readonly ReturnPath: string;
  /** When it says it was sent, ISO 8601; when it was received, where it does not say. */
  readonly Date: string;
  readonly Text: string;
  readonly HTML: string;
  readonly Inline: readonly MailPart[];
  readonly Attachments: readonly MailPart[];
}

/** A mail as it came in: nothing is parsed before somebody looks, so that receiving stays cheap. */
export interface ReceivedMail {
  readonly id: string;
  readonly raw: Buffer;
  readonly receivedAt: Date;
  readonly envelope: { readonly from: string; readonly to: readonly string[] };
  readonly username: string;
}

/** A parsed mail with the content of its parts. */
export interface ReadMail {
  readonly summary: MailSummary;
  readonly message: MailMessage;
  readonly parts: ReadonlyMap<string, { readonly part: MailPart; readonly content: Uint8Array }>;
}

/** Parses a mail. Never rejects: a mail that cannot be read shows the reason as subject and its source as text. */
export async function readMail(mail: ReceivedMail): Promise<ReadMail> {
  const email = await parse(mail.raw);
  const parts = email.attachments.map((it, index) => describePart(it, String(index + 1)));
  const inline = parts.filter((it) => it.isInline).map((it) => it.part);
  const attached = parts.filter((it) => !it.isInline).map((it) => it.part);
  const to = mailboxes(email.to);
  const cc = mailboxes(email.cc);
  const shared = {
    ID: mail.id,
    MessageID: (email.messageId ?? '').replace(/^<|>$/g, ''),
    From: mailboxes(email.from === undefined ? [] : [email.from])[0] ?? { Name: '', Address: mail.envelope.from },
    To: to,
    Cc: cc,
    Bcc: blindCopies(mail.envelope.to, [...to, ...cc], mailboxes(email.bcc)),
    ReplyTo: mailboxes(email.replyTo),
    Subject: email.subject ?? '',
    Username: mail.username,
    Tags: [],
    Size: mail.raw.length,
  };
  const text = email.text ?? textOfHtml(email.html ?? '');
  const received = mail.receivedAt.toISOString();
  const sent = Date.parse(email.date ?? '');
  return {
    summary: { ...shared, Read: false, Created: received, Attachments: attached.length, Snippet: text.replace(/\s+/g, ' ').trim().slice(0, 250) },
    message: {
      ...shared,
      ReturnPath: mail.envelope.from,
      Date: Number.isNaN(sent) ? received : new Date(sent).toISOString(),
      Text: text,
      HTML: email.html ?? '',
      Inline: inline,
      Attachments: attached,
    },
    parts: new Map(parts.map((it) => [it.part.PartID, it])),
  };
}

async function parse(raw: Buffer): Promise<Pick<Email, 'attachments'> & Partial<Email>> {
  try {
    return await PostalMime.parse(raw);
  } catch (error) {
    // A hostile or broken mail is still shown: what a service really sent is what a developer came to see.
    return { attachments: [], subject: `(cannot be read: ${error instanceof Error ? error.message : String(error)})`, text: raw.toString('utf8') };
  }
}

function describePart(it: Attachment, id: string): { part: MailPart; content: Uint8Array; isInline: boolean } {
  const content = typeof it.content === 'string' ? Buffer.from(it.content) : new Uint8Array(it.content);
  const part = {
    PartID: id,
    FileName: it.filename ?? '',
    ContentType: it.mimeType,
    ContentID: (it.contentId ?? '').replace(/^<|>$/g, ''),
    Size: content.length,
    Checksums: { SHA256: createHash('sha256').update(content).digest('hex') },
  };
  return { part, content, isInline: it.related === true || (it.disposition === 'inline' && it.contentId !== undefined) };
}

function mailboxes(addresses: readonly Address[] = []): MailAddress[] {
  return addresses.flatMap((it) => it.group ?? [it]).map((it) => ({ Name: it.name, Address: it.address }));
}

function blindCopies(envelope: readonly string[], named: readonly MailAddress[], bcc: readonly MailAddress[]): MailAddress[] {
  const known = new Set([...named, ...bcc].map((it) => it.Address.toLowerCase()));
  return [...bcc, ...envelope.filter((it) => !known.has(it.toLowerCase())).map((address) => ({ Name: '', Address: address }))];
}

function textOfHtml(html: string): string {
  return html
    .replace(/<(style|script|head)\b[\s\S]*?<\/\1>/gi, ' ')
    .replace(/<(br|\/p|\/div|\/h\d|\/li|\/tr)\b[^>]*>/gi, '\n')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&nbsp;/g, ' ')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&amp;/g, '&')
    .replace(/[ \t]+/g, ' ')
    .replace(/ ?\n ?(\n ?)*/g, '\n')
    .trim();
}
