import { z } from 'zod';
import { DeleteEmailSender, emailSender, ListEmailSenders, PutEmailSender, senderName, senderTest } from '../requests/email-senders.requests.js';
import { defineRoute } from '../route.js';

const tag = 'Senders';
const access = { kind: 'scope', scope: 'admin' } as const;
const byName = z.object({ name: senderName });
const notFound = ['EMAIL_SENDER_NOT_FOUND'] as const;

export const ListSenders = defineRoute({
  id: 'sender.list',
  method: 'GET',
  path: '/email-senders',
  tag,
  summary: 'List your mail servers. Passwords and keys are never shown.',
  access,
  response: ListEmailSenders.responseSchema,
});

export const GetSender = defineRoute({ id: 'sender.get', method: 'GET', path: '/email-senders/{name}', tag, summary: 'Show a sender.', access, params: byName, response: emailSender, errors: notFound, example: { params: { name: 'main' } } });

export const PutSender = defineRoute({
  id: 'sender.put',
  method: 'PUT',
  path: '/email-senders/{name}',
  tag,
  summary: 'Send your mails through a server of your own. Secrets that are left out stay as they are.',
  description: 'Workers use it within five seconds. The server must have a public address. Nobody else can send in the name of its domain from then on.',
  access,
  params: byName,
  body: PutEmailSender.schema.omit({ name: true, smtpUrl: true, dkim: true }).extend({
    smtpUrl: z
      .string()
      .max(2_000)
      .regex(/^smtps?:\/\//, 'give smtp://user:password@host:port, or smtps://')
      .optional()
      .describe('smtp://user:password@host:port; required for a new sender.'),
    dkim: z
      .strictObject({ domain: z.string().min(3).max(253), selector: z.string().min(1).max(63).regex(/^[A-Za-z0-9._-]+$/), privateKey: z.string().min(100).max(10_000).optional().describe('RSA private key as PEM.') })
      .nullable()
      .default(null),
  }).strict(),
  response: emailSender,
  errors: ['EMAIL_INVALID', 'EMAIL_SENDER_DOMAIN_TAKEN', 'EMAIL_SEAL_KEYS_MISSING'],
  example: { params: { name: 'main' }, body: { from: 'Acme <post@acme.example>', smtpUrl: 'smtp://user:password@smtp.acme.example:587', isDefault: true } },
});

export const DeleteSender = defineRoute({
  id: 'sender.delete',
  method: 'DELETE',
  path: '/email-senders/{name}',
  tag,
  summary: 'Remove a sender; mails go out through the system again.',
  access,
  params: byName,
  response: DeleteEmailSender.responseSchema,
  errors: notFound,
  example: { params: { name: 'main' } },
});

export const TestSender = defineRoute({
  id: 'sender.test',
  method: 'POST',
  path: '/email-senders/{name}/test',
  tag,
  summary: 'Connect and log in, and send a test mail where `to` is given; says how far it came.',
  access,
  params: byName,
  body: z.strictObject({ to: z.email().max(254).optional() }),
  response: senderTest,
  errors: [...notFound, 'EMAIL_SEAL_KEYS_MISSING'],
  example: { params: { name: 'main' }, body: {} },
});
