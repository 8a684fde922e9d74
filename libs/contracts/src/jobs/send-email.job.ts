import { z } from 'zod';
import { defineJob } from '../contract.js';

const address = z.email().max(254);
const addresses = z.union([address.transform((one) => [one]), z.array(address).min(1).max(50)]);

/** A mail text by name; the worker renders it, so no rendered body travels. */
export const templateReference = z.object({
  key: z.enum(['welcome']),
  variables: z.record(z.string(), z.union([z.string().max(2000), z.number(), z.boolean()])),
});

const attachment = z
  .object({
    filename: z.string().min(1).max(255),
    contentType: z.string().max(100).optional(),
    content: z.base64().max(10_000_000).optional().describe('Base64, at most 10 000 000 characters.'),
    path: z.string().max(1000).optional().describe('Inside the folder of EMAIL_ATTACHMENT_DIR.'),
  })
  .refine((it) => (it.content === undefined) !== (it.path === undefined), { error: 'give either content or path' });

/** One mail. */
export const SendEmail = defineJob({
  name: 'send-email',
  version: 1,
  queue: 'email',
  description: 'Sends one mail. Its idempotency key is the job id: one key, one mail.',
  timeoutMs: 60_000,
  schema: z
    .object({
      to: addresses,
      cc: addresses.optional(),
      bcc: addresses.optional(),
      from: z.string().min(3).max(320).optional().describe('Left out: EMAIL_FROM of the worker.'),
      replyTo: address.optional(),
      subject: z.string().min(1).max(500).optional(),
      html: z.string().min(1).max(1_000_000).optional(),
      text: z.string().min(1).max(1_000_000).optional(),
      template: templateReference.optional(),
      attachments: z.array(attachment).max(20).optional(),
    })
    .refine((mail) => mail.template !== undefined || (mail.subject !== undefined && (mail.html ?? mail.text) !== undefined), {
      error: 'give a template, or a subject with html or text',
      path: ['subject'],
    }),
  example: {
    to: ['ada@example.com'],
    template: { key: 'welcome', variables: { username: 'ada' } },
  },
});
