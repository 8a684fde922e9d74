import { z } from 'zod';
import { defineEvent } from '../contract.js';
import { templateReference } from '../jobs/email.jobs.js';

const address = z.email().max(254);

/** Some service wants a mail sent and does not want to know how. */
export const EmailRequested = defineEvent({
  name: 'email.requested',
  version: 1,
  description: 'A mail is wanted. The email worker turns it into one send-email job, once per emailId.',
  schema: z.object({
    emailId: z.uuid().describe('Names the mail; asking twice with one id sends once.'),
    to: z.array(address).min(1).max(50),
    template: templateReference,
  }),
  example: {
    emailId: '0190a6f0-8d2f-7c4b-8e63-4b6070d3e5f0',
    to: ['ada@example.com'],
    template: { key: 'welcome', variables: { username: 'ada' } },
  },
  subjectOf: ({ emailId }) => emailId,
});

/** The mail server took responsibility for the mail. */
export const EmailSent = defineEvent({
  name: 'email.sent',
  version: 1,
  description: 'The mail server accepted the mail for at least one recipient.',
  schema: z.object({
    deliveryId: z.uuid(),
    idempotencyKey: z.string().min(1).max(200),
    messageId: z.string().min(3).max(300).describe('The Message-ID header, stable over retries.'),
    acceptedCount: z.int().nonnegative(),
    rejectedCount: z.int().nonnegative(),
    sentAt: z.iso.datetime(),
  }),
  example: {
    deliveryId: '0190a6f0-9e30-7d5c-9f74-5c7181e4f601',
    idempotencyKey: 'user.created:0190a6f0-7c1e-7b3a-9d52-3a5f6f1c2d4e:welcome',
    messageId: '<0190a6f0-9e30-7d5c-9f74-5c7181e4f601@angarium.local>',
    acceptedCount: 1,
    rejectedCount: 0,
    sentAt: '2026-11-20T08:30:01.000Z',
  },
  subjectOf: ({ deliveryId }) => deliveryId,
});

/** The mail will not be sent; the reason says why. */
export const EmailFailed = defineEvent({
  name: 'email.failed',
  version: 1,
  description: 'The mail was given up: refused for good, or out of attempts. With the code EMAIL_OUTCOME_UNKNOWN it may have arrived all the same.',
  schema: z.object({
    deliveryId: z.uuid(),
    idempotencyKey: z.string().min(1).max(200),
    code: z.string().min(1).max(100),
    reason: z.string().max(500),
    failedAt: z.iso.datetime(),
  }),
  example: {
    deliveryId: '0190a6f0-9e30-7d5c-9f74-5c7181e4f601',
    idempotencyKey: 'user.created:0190a6f0-7c1e-7b3a-9d52-3a5f6f1c2d4e:welcome',
    code: 'EMAIL_REFUSED',
    reason: '550 5.1.1 no such mailbox',
    failedAt: '2026-11-20T08:30:01.000Z',
  },
  subjectOf: ({ deliveryId }) => deliveryId,
});

/** Nobody was left to send the mail to. */
export const EmailSuppressed = defineEvent({
  name: 'email.suppressed',
  version: 1,
  description: 'Every recipient of the mail is on the suppression list of the tenant: nothing was sent.',
  schema: z.object({
    deliveryId: z.uuid(),
    idempotencyKey: z.string().min(1).max(200),
    recipientCount: z.int().positive(),
    suppressedAt: z.iso.datetime(),
  }),
  example: {
    deliveryId: '0190a6f0-9e30-7d5c-9f74-5c7181e4f601',
    idempotencyKey: 'newsletter:2026-11:ada',
    recipientCount: 1,
    suppressedAt: '2026-11-20T08:30:01.000Z',
  },
  subjectOf: ({ deliveryId }) => deliveryId,
});

/** A mail that was accepted came back, or its recipient complained. */
export const EmailBounced = defineEvent({
  name: 'email.bounced',
  version: 1,
  description: 'A mail that was sent could not be delivered (hard: for good, soft: for now), or its recipient called it spam (complaint).',
  schema: z.object({
    deliveryId: z.uuid(),
    idempotencyKey: z.string().min(1).max(200),
    recipientIndex: z.int().nonnegative().describe('Which recipient: its place in to, cc and bcc, one after the other.'),
    kind: z.enum(['hard', 'soft', 'complaint']),
    status: z.string().max(20).optional().describe('Enhanced status code (RFC 3463), such as 5.1.1.'),
    isSuppressed: z.boolean().describe('Whether the recipient gets no further mails.'),
    bouncedAt: z.iso.datetime(),
  }),
  example: {
    deliveryId: '0190a6f0-9e30-7d5c-9f74-5c7181e4f601',
    idempotencyKey: 'user.created:0190a6f0-7c1e-7b3a-9d52-3a5f6f1c2d4e:welcome',
    recipientIndex: 0,
    kind: 'hard',
    status: '5.1.1',
    isSuppressed: true,
    bouncedAt: '2026-11-20T08:35:01.000Z',
  },
  subjectOf: ({ deliveryId }) => deliveryId,
});

/** A recipient wants no more of this. */
export const EmailUnsubscribed = defineEvent({
  name: 'email.unsubscribed',
  version: 1,
  description: 'The recipient of a mail unsubscribed: from its category, or from everything where it has none.',
  schema: z.object({
    deliveryId: z.uuid(),
    category: z.string().max(100).nullable(),
    unsubscribedAt: z.iso.datetime(),
  }),
  example: { deliveryId: '0190a6f0-9e30-7d5c-9f74-5c7181e4f601', category: 'newsletter', unsubscribedAt: '2026-11-20T09:00:00.000Z' },
  subjectOf: ({ deliveryId }) => deliveryId,
});
