import { z } from 'zod';
import { defineJob } from '../contract.js';

const address = z.email().max(254);
const addresses = z.union([address.transform((one) => [one]), z.array(address).min(1).max(50)], { error: 'give one mail address, such as ada@example.com, or a list of 1 to 50' });

const templateVariable: z.ZodType<TemplateVariable> = z
  .lazy(() => z.union([z.string().max(2000), z.number(), z.boolean(), z.array(templateVariable).max(200), z.record(z.string().max(100), templateVariable)]))
  .meta({ id: 'TemplateVariable' });
/** A value that a template can show: a text, a number, a flag, or a list or object of them. */
export type TemplateVariable = string | number | boolean | TemplateVariable[] | { [name: string]: TemplateVariable };

/** A locale tag (RFC 5646) of the simple forms: `de`, `zh-CN`, `sr-Latn-RS`. */
export const localeTag = z
  .string()
  .max(35)
  .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'give a locale such as en or zh-CN');

/** Name of a mail template, unique within its tenant. */
export const templateKey = z
  .string()
  .min(1)
  .max(100)
  .regex(/^[a-z][a-z0-9.-]*$/, 'use lower-case letters, digits and . - (at most 100, beginning with a letter)');

/** A mail text by name; the worker renders it, so no rendered body travels. */
export const templateReference = z.object({
  key: templateKey,
  variables: z.record(z.string().max(100), templateVariable).default({}),
  locale: localeTag.optional().describe('Left out: the default locale of the template. A locale it lacks falls back: zh-Hant-TW, zh-Hant, zh, default.'),
});

const attachment = z
  .object({
    filename: z.string().min(1).max(255),
    contentType: z.string().max(100).optional(),
    content: z.base64().max(10_000_000).optional().describe('Base64, at most 10 000 000 characters.'),
    fileId: z.uuid().optional().describe('A stored file of the tenant: what POST /files answered with.'),
    path: z.string().max(1000).optional().describe('Inside the folder of EMAIL_ATTACHMENT_DIR.'),
  })
  .refine((it) => [it.content, it.fileId, it.path].filter((one) => one !== undefined).length === 1, { error: 'give exactly one of content, fileId and path' });

const mailFields = {
  to: addresses,
  cc: addresses.optional(),
  bcc: addresses.optional(),
  from: z.string().min(3).max(320).optional().describe("Left out: the tenant's default sender, else EMAIL_FROM of the worker."),
  replyTo: address.optional(),
  subject: z.string().min(1).max(500).optional(),
  html: z.string().min(1).max(1_000_000).optional(),
  text: z.string().min(1).max(1_000_000).optional(),
  template: templateReference.optional(),
  attachments: z.array(attachment).max(20).optional(),
  category: templateKey.optional().describe('What kind of mail it is, such as newsletter: recipients may have unsubscribed from it alone.'),
  isUnsubscribable: z
    .boolean()
    .optional()
    .describe('Adds one-click unsubscription (RFC 8058) from the category. Only for mails with one recipient.'),
  ifUnknown: z
    .enum(['hold', 'repeat'])
    .optional()
    .describe('When the mail server left without saying whether it took the mail. hold (default): it is not sent again by itself. repeat: it is, with the same Message-ID.'),
};

interface WithContent {
  readonly template?: unknown;
  readonly subject?: string | undefined;
  readonly html?: string | undefined;
  readonly text?: string | undefined;
}
const hasContent = (mail: WithContent) => mail.template !== undefined || (mail.subject !== undefined && (mail.html ?? mail.text) !== undefined);
const contentRule = { error: 'give a template, or a subject with html or text', path: ['subject'] };
const oneRecipientRule = { error: 'needs exactly one recipient: everybody unsubscribes for himself. Use send-batch-email', path: ['isUnsubscribable'] };
const hasOneRecipient = (mail: { to: string[]; cc?: string[] | undefined; bcc?: string[] | undefined; isUnsubscribable?: boolean | undefined }) =>
  mail.isUnsubscribable !== true || (mail.to.length === 1 && mail.cc === undefined && mail.bcc === undefined);

/** One mail as it is ordered. */
export const mailOrder = z.object(mailFields).refine(hasContent, contentRule).refine(hasOneRecipient, oneRecipientRule);

const bodies = ['subject', 'html', 'text', 'template.variables', 'attachments.*.content'];
const people = ['to', 'cc', 'bcc', 'replyTo'];
const within = (prefix: string, paths: readonly string[]) => paths.map((path) => `${prefix}.${path}`);

/** One mail. */
export const SendEmail = defineJob({
  name: 'send-email',
  version: 1,
  queue: 'email',
  description: 'Sends one mail. Its idempotency key is the job id: one key, one mail.',
  timeoutMs: 60_000,
  hidden: bodies,
  masked: people,
  schema: mailOrder,
  example: {
    to: ['ada@example.com'],
    template: { key: 'welcome', variables: { username: 'ada' } },
  },
});

/** Many mails, each with its own result. */
export const SendBatchEmail = defineJob({
  name: 'send-batch-email',
  version: 1,
  queue: 'email',
  description: 'Sends many mails. One that fails spares the rest; each has its own result, in the order of the list. Goes on where it was after a crash.',
  timeoutMs: 3_600_000,
  hidden: within('emails.*', bodies),
  masked: within('emails.*', people),
  schema: z.object({ emails: z.array(mailOrder).min(1).max(1_000) }),
  example: {
    emails: [
      { to: ['ada@example.com'], subject: 'News', text: 'Hello Ada' },
      { to: ['grace@example.com'], subject: 'News', text: 'Hello Grace' },
    ],
  },
});

/** One mail at a given time. */
export const SendScheduledEmail = defineJob({
  name: 'send-scheduled-email',
  version: 1,
  queue: 'email',
  description: 'Sends one mail at the given time, or at once where that is past. Can be cancelled until it begins.',
  timeoutMs: 60_000,
  hidden: bodies,
  masked: people,
  schema: z
    .object({ ...mailFields, scheduledTime: z.iso.datetime({ offset: true }).describe('When it is sent, such as 2026-12-01T09:00:00Z.') })
    .refine(hasContent, contentRule)
    .refine(hasOneRecipient, oneRecipientRule),
  example: { to: ['ada@example.com'], subject: 'Reminder', text: 'Tomorrow at nine.', scheduledTime: '2026-12-01T09:00:00Z' },
});
