import { z } from 'zod';
import { DeleteEmailSuppression, ListEmailSuppressions, PutEmailSuppression, suppression } from '../requests/email-suppressions.requests.js';
import { ReportEmailBounce } from '../requests/email-feedback.requests.js';
import { templateKey } from '../jobs/email.jobs.js';
import { defineRoute } from '../route.js';

const tag = 'Suppressions';
const access = { kind: 'scope', scope: 'admin' } as const;

export const ListSuppressions = defineRoute({
  id: 'suppression.list',
  method: 'GET',
  path: '/suppressions',
  tag,
  summary: 'List who gets no mail, newest first.',
  access,
  query: z.object({ limit: z.coerce.number().int().min(1).max(500).default(50), cursor: z.uuid({ error: 'must be the nextCursor of the page before' }).optional().describe('`nextCursor` of the page before.') }),
  response: ListEmailSuppressions.responseSchema,
  example: { query: { limit: '10' } },
});

export const PutSuppression = defineRoute({
  id: 'suppression.put',
  method: 'PUT',
  path: '/suppressions',
  tag,
  summary: 'Send an address no more mails, of one category or at all.',
  access,
  body: z.strictObject({
    address: z.email().max(254),
    category: templateKey.nullable().default(null).describe('null: all mails.'),
    reason: PutEmailSuppression.schema.shape.reason,
    expiresAt: z.iso.datetime({ offset: true }).nullable().default(null).describe('null: for ever.'),
  }),
  response: suppression,
  example: { body: { address: 'ada@example.com', reason: 'manual' } },
});

export const DeleteSuppression = defineRoute({
  id: 'suppression.delete',
  method: 'DELETE',
  path: '/suppressions',
  tag,
  summary: 'Write to an address again. It stands in the body, because URLs end up in logs.',
  access,
  body: DeleteEmailSuppression.schema.strict(),
  response: DeleteEmailSuppression.responseSchema,
  errors: ['EMAIL_SUPPRESSION_NOT_FOUND'],
  example: { body: { address: 'ada@example.com' } },
});

export const ReportBounce = defineRoute({
  id: 'email.bounce',
  method: 'POST',
  path: '/email/bounces',
  tag,
  summary: 'Hand in a delivery report (RFC 3464) or a complaint (RFC 5965) as it arrived: the body is the message, at most 200 KB.',
  description: 'For whoever reads the mailbox of the return path. A hard bounce and a complaint put the recipient on the suppression list of the tenant that sent the mail.',
  access,
  rawBody: { as: 'text' },
  response: ReportEmailBounce.responseSchema,
  errors: ['EMAIL_BOUNCE_UNREADABLE'],
  example: { headers: { 'content-type': 'message/rfc822' } },
});
