import { z } from 'zod';
import { defineRequest } from '../contract.js';
import { templateKey } from '../jobs/email.jobs.js';

const address = z.email().max(254);
const category = templateKey.nullable().describe('Which mails; null: all.');

/** One entry of a tenant's suppression list. */
export const suppression = z
  .object({
    address: z.string().describe('In lower case.'),
    category: z.string().nullable().describe('Which mails it gets no more; null: none at all.'),
    reason: z.enum(['hard-bounce', 'complaint', 'unsubscribe', 'manual']),
    deliveryId: z.uuid().nullable().describe('The mail that was answered so.'),
    expiresAt: z.iso.datetime().nullable().describe('null: never.'),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'EmailSuppression' });

const example = { address: 'ada@example.com', category: null, reason: 'hard-bounce' as const, deliveryId: null, expiresAt: '2027-02-18T08:30:00.000Z', createdAt: '2026-11-20T08:30:00.000Z' };

/** Who gets no mail of this tenant? */
export const ListEmailSuppressions = defineRequest({
  name: 'email.suppression.list',
  version: 1,
  description: 'The suppression list of the tenant in the context, newest first.',
  timeoutMs: 5_000,
  schema: z.object({ address: address.optional(), limit: z.int().min(1).max(500).default(50), cursor: z.string().max(100).optional() }),
  responseSchema: z.object({ items: z.array(suppression), nextCursor: z.string().nullable() }),
  example: { limit: 50 },
  responseExample: { items: [example], nextCursor: null },
});

/** Send this address no more. */
export const PutEmailSuppression = defineRequest({
  name: 'email.suppression.put',
  version: 1,
  description: 'Puts an address on the suppression list of the tenant in the context, or renews its entry.',
  timeoutMs: 5_000,
  schema: z.object({
    address,
    category: category.default(null),
    reason: z.enum(['hard-bounce', 'complaint', 'unsubscribe', 'manual']).default('manual'),
    expiresAt: z.iso.datetime({ offset: true }).nullable().default(null),
  }),
  responseSchema: suppression,
  example: { address: 'ada@example.com', category: null, reason: 'manual', expiresAt: null },
  responseExample: example,
});

/** This address may be written to again. */
export const DeleteEmailSuppression = defineRequest({
  name: 'email.suppression.delete',
  version: 1,
  description: 'Takes an address off the suppression list of the tenant in the context. Error EMAIL_SUPPRESSION_NOT_FOUND.',
  timeoutMs: 5_000,
  schema: z.object({ address, category: category.default(null) }),
  responseSchema: z.object({ isDeleted: z.literal(true) }),
  example: { address: 'ada@example.com', category: null },
  responseExample: { isDeleted: true as const },
});
