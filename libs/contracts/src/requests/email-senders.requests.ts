import { z } from 'zod';
import { defineRequest } from '../contract.js';

export const senderName = z
  .string()
  .min(1)
  .max(100)
  .regex(/^[a-z0-9][a-z0-9-]*$/, 'use lower-case letters, digits and -');
const domain = z.string().max(253);
const sealed = z.string().min(1).max(20_000).describe('Sealed by the gateway: no secret stands in a stream.');

/** A sender as it is shown: no password, no key. */
export const emailSender = z
  .object({
    name: senderName,
    from: z.string().describe('"name@domain" or "Name <name@domain>".'),
    smtp: z.object({ host: z.string(), port: z.int(), isTlsFromStart: z.boolean(), hasLogin: z.boolean() }),
    dkim: z.object({ domain, selector: z.string(), hasKey: z.boolean() }).nullable(),
    ratePerSecond: z.int().nullable().describe('null: EMAIL_PROVIDER_RATE of the email worker.'),
    isDefault: z.boolean(),
    version: z.int(),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'EmailSender' });

const stamp = '2026-11-20T08:30:00.000Z';
const example = {
  ...{ name: 'main', from: 'Acme <post@acme.example>', smtp: { host: 'smtp.acme.example', port: 587, isTlsFromStart: false, hasLogin: true } },
  ...{ dkim: null, ratePerSecond: 20, isDefault: true, version: 1, createdAt: stamp, updatedAt: stamp },
};

/** Which senders does this tenant have? */
export const ListEmailSenders = defineRequest({
  name: 'email.sender.list',
  version: 1,
  description: 'The senders of the tenant in the context, by name.',
  timeoutMs: 5_000,
  schema: z.object({}),
  responseSchema: z.object({ items: z.array(emailSender) }),
  example: {},
  responseExample: { items: [example] },
});

export const GetEmailSender = defineRequest({
  name: 'email.sender.get',
  version: 1,
  description: 'One sender of the tenant in the context. Error EMAIL_SENDER_NOT_FOUND.',
  timeoutMs: 5_000,
  schema: z.object({ name: senderName }),
  responseSchema: emailSender,
  example: { name: 'main' },
  responseExample: example,
});

export const PutEmailSender = defineRequest({
  name: 'email.sender.put',
  version: 1,
  description: 'Makes or changes a sender of the tenant in the context. Secrets that are left out stay as they are. Errors EMAIL_INVALID, EMAIL_SENDER_DOMAIN_TAKEN.',
  timeoutMs: 5_000,
  schema: z.object({
    name: senderName,
    from: z.string().min(3).max(320),
    smtpUrl: sealed.optional(),
    dkim: z.object({ domain, selector: z.string().min(1).max(63), privateKey: sealed.optional() }).nullable().default(null),
    ratePerSecond: z.int().min(1).max(100_000).nullable().default(null),
    isDefault: z.boolean().default(false),
  }),
  responseSchema: emailSender,
  example: { name: 'main', from: 'Acme <post@acme.example>', smtpUrl: 'v1.k1.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAA', dkim: null, ratePerSecond: 20, isDefault: true },
  responseExample: example,
});

export const DeleteEmailSender = defineRequest({
  name: 'email.sender.delete',
  version: 1,
  description: 'Removes a sender of the tenant in the context. Error EMAIL_SENDER_NOT_FOUND.',
  timeoutMs: 5_000,
  schema: z.object({ name: senderName }),
  responseSchema: z.object({ isDeleted: z.literal(true) }),
  example: { name: 'main' },
  responseExample: { isDeleted: true as const },
});

export const senderTest = z
  .object({
    isOk: z.boolean(),
    steps: z.array(
      z.object({
        step: z.enum(['connect', 'login', 'send']),
        isOk: z.boolean(),
        code: z.string().optional().describe('Why not.'),
        said: z.string().optional().describe('What the server said, without addresses.'),
      }),
    ),
  })
  .meta({ id: 'EmailSenderTest' });

export const TestEmailSender = defineRequest({
  name: 'email.sender.test',
  version: 1,
  description: 'Connects to the server of a sender, logs in, and sends a mail where an address is given; says how far it came. Error EMAIL_SENDER_NOT_FOUND.',
  timeoutMs: 30_000,
  schema: z.object({ name: senderName, to: z.email().max(254).optional() }),
  responseSchema: senderTest,
  example: { name: 'main' },
  responseExample: { isOk: false, steps: [{ step: 'connect' as const, isOk: true }, { step: 'login' as const, isOk: false, code: 'SMTP_LOGIN_REFUSED', said: '535 5.7.8 wrong' }] },
});
