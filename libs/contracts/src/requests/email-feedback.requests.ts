import { z } from 'zod';
import { defineRequest } from '../contract.js';

/** A recipient followed the unsubscribe link of a mail. */
export const UnsubscribeEmail = defineRequest({
  name: 'email.unsubscribe',
  version: 1,
  description: 'What an unsubscribe token means, and with isConfirmed does it. Idempotent. Error EMAIL_UNSUBSCRIBE_LINK_INVALID.',
  timeoutMs: 5_000,
  schema: z.object({ token: z.string().min(1).max(900), isConfirmed: z.boolean() }),
  responseSchema: z.object({ category: z.string().nullable(), isUnsubscribed: z.boolean() }),
  example: { token: 'v1.k1.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAA', isConfirmed: true },
  responseExample: { category: 'newsletter', isUnsubscribed: true },
});

/** A mail came back. */
export const ReportEmailBounce = defineRequest({
  name: 'email.bounce.report',
  version: 1,
  description: 'A delivery report (RFC 3464) or complaint (RFC 5965) as it arrived. Only recipients of mails in the ledger are touched. Error EMAIL_BOUNCE_UNREADABLE.',
  timeoutMs: 10_000,
  schema: z.object({ message: z.string().min(1).max(210_000) }),
  responseSchema: z.object({
    results: z.array(
      z.object({
        kind: z.enum(['hard', 'soft', 'complaint', 'delivered']),
        status: z.string().nullable(),
        outcome: z.enum(['recorded', 'known', 'unknown-delivery', 'ignored']).describe('known: reported before. unknown-delivery: no mail of the ledger, or not one of its recipients.'),
      }),
    ),
  }),
  example: { message: 'Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n…' },
  responseExample: { results: [{ kind: 'hard', status: '5.1.1', outcome: 'recorded' }] },
});
