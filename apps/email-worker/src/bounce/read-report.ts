import PostalMime, { type Attachment, type Email } from 'postal-mime';
import { EmailErrors } from '../errors.js';

/** What a report says of one recipient. */
export interface ReportedRecipient {
  readonly kind: 'hard' | 'soft' | 'complaint' | 'delivered';
  /** Enhanced status code (RFC 3463). */
  readonly status: string | null;
  readonly address: string;
}

export interface MailReport {
  /** Ids that may be the Message-ID of the mail that came back, in their angle brackets. */
  readonly messageIds: readonly string[];
  readonly recipients: readonly ReportedRecipient[];
}

const MAX_RECIPIENTS = 200;
const statusForm = /\b([245]\.\d{1,3}\.\d{1,3})\b/;

/**
 * Reads a delivery report (RFC 3464) or a complaint (RFC 5965, ARF). Whatever else is in the message is not looked at.
 * @throws EMAIL_BOUNCE_UNREADABLE
 */
export async function readReport(message: string): Promise<MailReport> {
  const mail = await parse(message);
  const parts = mail.attachments;
  const feedback = parts.find(({ mimeType }) => mimeType === 'message/feedback-report');
  const delivery = parts.find(({ mimeType }) => mimeType === 'message/delivery-status' || mimeType === 'message/global-delivery-status');
  const returned = parts.filter(({ mimeType }) => mimeType === 'message/rfc822' || mimeType === 'message/rfc822-headers' || mimeType === 'text/rfc822-headers' || mimeType === 'message/global');
  const messageIds = returned.flatMap((part) => fieldsOf(textOf(part))[0]?.get('message-id') ?? []).map((it) => it.trim());
  if (feedback !== undefined) return { messageIds, recipients: complaintsOf(textOf(feedback), returned.map(textOf)) };
  if (delivery === undefined) throw EmailErrors.EMAIL_BOUNCE_UNREADABLE();
  return { messageIds, recipients: fieldsOf(textOf(delivery)).flatMap(recipientOf).slice(0, MAX_RECIPIENTS) };
}

async function parse(message: string): Promise<Email> {
  try {
    return await PostalMime.parse(message, { forceRfc822Attachments: true, maxNestingDepth: 10, attachmentEncoding: 'arraybuffer' });
  } catch (cause) {
    throw EmailErrors.EMAIL_BOUNCE_UNREADABLE(undefined, { cause });
  }
}

/** RFC 3464 2.3: one group of fields per recipient. */
function recipientOf(fields: ReadonlyMap<string, string>): ReportedRecipient[] {
  const address = addressIn(fields.get('original-recipient')) ?? addressIn(fields.get('final-recipient'));
  if (address === undefined) return [];
  const status = statusForm.exec(fields.get('status') ?? '')?.[1] ?? null;
  const action = (fields.get('action') ?? '').trim().toLowerCase();
  if (action === 'failed') return [{ address, status, kind: status?.startsWith('4') === true ? 'soft' : 'hard' }];
  if (action === 'delayed') return [{ address, status, kind: 'soft' }];
  return [{ address, status, kind: 'delivered' }];
}

/**
 * Only reports of abuse count; `not-spam` and the like say the opposite. A complaint ends all mail to whom it names, so it is read
 * narrowly: whom the report itself names; where it names nobody, the one to whom the mail was. One of several is not guessed.
 */
function complaintsOf(report: string, returned: readonly string[]): ReportedRecipient[] {
  const type = (fieldsOf(report)[0]?.get('feedback-type') ?? '').trim().toLowerCase();
  if (type !== 'abuse' && type !== 'fraud' && type !== 'opt-out') return [];
  const named = addressesIn([...unfolded(report).matchAll(/^original-rcpt-to[ \t]*:(.*)$/gim)].map(([, value]) => value));
  const told = addressesIn(returned.map((text) => fieldsOf(text)[0]?.get('to')));
  const complaining = named.length > 0 ? named : told.length === 1 ? told : [];
  return complaining.slice(0, MAX_RECIPIENTS).map((address) => ({ address, status: null, kind: 'complaint' }));
}

/** Each address once, in lower case. */
function addressesIn(texts: readonly (string | undefined)[]): string[] {
  return [...new Set(texts.flatMap((it) => [...(it ?? '').matchAll(/[^\s<>,;:"]+@[^\s<>,;:"]+/g)].map(([address]) => address.toLowerCase())))];
}

/** `rfc822; ada@example.com` or `<ada@example.com>`. */
function addressIn(field: string | undefined): string | undefined {
  return /([^\s<>;]+@[^\s<>;]+)/.exec(field ?? '')?.[1]?.toLowerCase();
}

/** Groups of header fields, separated by empty lines; names in lower case, the first of a name counts. */
function fieldsOf(text: string): Map<string, string>[] {
  return text
    .replaceAll('\r\n', '\n')
    .trim()
    .split(/\n[ \t]*\n/)
    .map((group) => {
      const fields = new Map<string, string>();
      for (const line of unfolded(group).split('\n')) {
        const colon = line.indexOf(':');
        const name = line.slice(0, Math.max(0, colon)).trim().toLowerCase();
        if (name !== '' && !fields.has(name)) fields.set(name, line.slice(colon + 1).trim());
      }
      return fields;
    });
}

/** Lines end in \n; a field that goes on in the next line is one line. */
function unfolded(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(/\n[ \t]+/g, ' ');
}

function textOf({ content }: Attachment): string {
  return typeof content === 'string' ? content : Buffer.from(content as Uint8Array).toString('utf8');
}
