import type { PayloadOf, SendEmail } from '@angarium/contracts';
import { EmailErrors } from '../errors.js';
import { isAddress } from './is-address.js';
import { isHeaderText } from './is-header-text.js';
import { loadAttachment } from './load-attachment.js';
import type { Attachment, Mail, Mailbox } from './mail.js';
import { parseMailbox } from './parse-mailbox.js';

export type MailOrder = PayloadOf<typeof SendEmail>;

export interface ComposeLimits {
  /** Texts and attachments together, before encoding. */
  readonly maxBytes: number;
  readonly maxRecipients: number;
  /** EMAIL_ATTACHMENT_DIR; undefined refuses attachments by path. */
  readonly attachmentFolder: string | undefined;
  /** Sender of mails that name none. */
  readonly defaultFrom: Mailbox;
}

/** What the composing of a mail asks others for. */
export interface ComposeSources {
  /** The text of a template of the mail's tenant. @throws EMAIL_TEMPLATE_UNKNOWN … */
  render(template: NonNullable<MailOrder['template']>): Promise<{ readonly subject: string; readonly html: string | undefined; readonly text: string }>;
  /** A file that the mail's tenant stored; `field` names it in errors. @throws EMAIL_INVALID, UNAVAILABLE */
  readFile(fileId: string, field: string): Promise<Buffer>;
}

const mediaType = /^[\w.+-]{1,50}\/[\w.+-]{1,50}$/;

/**
 * Makes the mail that is sent: checked field by field, template filled in, attachments read.
 * The contract was checked before; this checks what a schema cannot say and what would be dangerous if a contract were loosened.
 * @throws EMAIL_INVALID naming the field, never its value; EMAIL_ATTACHMENT_MISSING; what the sources throw.
 */
export async function composeMail(order: MailOrder, messageId: string, limits: ComposeLimits, sources: ComposeSources): Promise<Mail> {
  const { to, cc = [], bcc = [], replyTo } = order;
  requireRecipients({ to, cc, bcc }, limits.maxRecipients);
  if (replyTo !== undefined) requireAddress(replyTo, 'replyTo');
  const from = order.from === undefined ? limits.defaultFrom : parseMailbox(order.from);
  if (from === undefined) throw invalid('from', 'is no sender; give "name@domain" or "Name <name@domain>", in one line');

  const { subject, text, html } = await contentOf(order, sources);
  if (subject === undefined || subject.trim() === '') throw invalid('subject', 'is empty; give one, or a template');
  if (!isHeaderText(subject)) throw invalid('subject', 'has a line end or control character; give one line of text');
  if (isBlank(text) && isBlank(html)) throw invalid('text', 'and html are empty; give one of them, or a template');

  const budget = limits.maxBytes - Buffer.byteLength(text ?? '') - Buffer.byteLength(html ?? '');
  if (budget < 0) throw invalid('text', `and html are larger than ${limits.maxBytes} bytes (EMAIL_MAX_BYTES); shorten them`);
  const attachments = await attachmentsOf(order, budget, limits, sources);
  return {
    ...{ messageId, from, to, cc, bcc, subject, attachments },
    ...(replyTo === undefined ? {} : { replyTo }),
    ...(isBlank(text) ? {} : { text }),
    ...(isBlank(html) ? {} : { html }),
  };
}

async function contentOf({ template, subject, text, html }: MailOrder, sources: ComposeSources): Promise<{ subject?: string | undefined; text?: string | undefined; html?: string | undefined }> {
  if (template === undefined) return { subject, text, html };
  const rendered = await sources.render(template);
  return { ...rendered, subject: subject ?? rendered.subject };
}

function requireRecipients(fields: Record<'to' | 'cc' | 'bcc', readonly string[]>, max: number): void {
  const count = fields.to.length + fields.cc.length + fields.bcc.length;
  if (fields.to.length === 0) throw invalid('to', 'is empty; give at least one address');
  if (count > max) throw invalid('to', `, cc and bcc name ${count} recipients; at most ${max} are allowed (EMAIL_MAX_RECIPIENTS). Order several mails`);
  for (const [field, addresses] of Object.entries(fields)) addresses.forEach((address, index) => requireAddress(address, `${field}.${index}`));
}

function requireAddress(address: string, field: string): void {
  if (!isAddress(address)) throw invalid(field, 'is no mail address; give the plain form name@domain.tld');
}

async function attachmentsOf({ attachments = [] }: MailOrder, budget: number, { attachmentFolder, maxBytes }: ComposeLimits, sources: ComposeSources): Promise<Attachment[]> {
  const loaded: Attachment[] = [];
  let left = budget;
  // one after the other: the budget of a file is what those before it left
  for (const [index, { filename, contentType, content, fileId, path }] of attachments.entries()) {
    const field = `attachments.${index}`;
    if (!isHeaderText(filename) || /[/\\]/.test(filename)) throw invalid(`${field}.filename`, 'has a slash, line end or control character; give a plain file name');
    if (contentType !== undefined && !mediaType.test(contentType)) throw invalid(`${field}.contentType`, 'is no media type; give for example application/pdf');
    let bytes: Buffer;
    if (content !== undefined) bytes = Buffer.from(content, 'base64');
    else if (fileId !== undefined) bytes = await sources.readFile(fileId, `${field}.fileId`);
    else if (path !== undefined) bytes = await loadAttachment(path, `${field}.path`, attachmentFolder, left);
    else throw invalid(field, 'has neither content, fileId nor path; give one of them');
    left -= bytes.length;
    if (left < 0) throw invalid(field, `makes the mail larger than ${maxBytes} bytes (EMAIL_MAX_BYTES); send a link instead of the file`);
    loaded.push({ filename, content: bytes, ...(contentType === undefined ? {} : { contentType }) });
  }
  return loaded;
}

function isBlank(text: string | undefined): boolean {
  return text === undefined || text.trim() === '';
}

function invalid(field: string, what: string) {
  const glue = what.startsWith(',') ? '' : ' ';
  return EmailErrors.EMAIL_INVALID(`${field}${glue}${what}.`, { details: { field } });
}
