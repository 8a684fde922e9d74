import { z } from 'zod';
import { defineRoute } from '../route.js';
import { pageOf, pageQuery, timestamp } from './shared.js';
import { byId, notFound } from './subscription-settings.js';

const deadLetter = z
  .object({
    id: z.uuid(),
    subscriptionId: z.uuid(),
    messageId: z.string(),
    partition: z.number().int(),
    offset: z.number().int(),
    key: z.string().nullable(),
    attempts: z.number().int(),
    redrives: z.number().int(),
    reason: z.string().nullable(),
    publishedAt: timestamp,
    diedAt: timestamp,
  })
  .meta({ id: 'DeadLetter' });
const deadById = z.object({ id: z.uuid(), deadId: z.uuid() });

export const ListDeadLetters = defineRoute({
  id: 'dead-letter.list',
  method: 'GET',
  path: '/api/v1/mq/subscriptions/{id}/dead-letters',
  tag: 'Dead letters',
  summary: 'What the subscription gave up, oldest first.',
  access: { kind: 'any-scope' },
  params: byId,
  query: z.object({ ...pageQuery, reason: z.string().max(200).optional().describe('Reasons that contain this.'), since: timestamp.optional(), until: timestamp.optional() }),
  response: pageOf(deadLetter),
  errors: [notFound],
});
export const GetDeadLetter = defineRoute({
  id: 'dead-letter.get',
  method: 'GET',
  path: '/api/v1/mq/subscriptions/{id}/dead-letters/{deadId}',
  tag: 'Dead letters',
  summary: 'One dead letter with its message.',
  access: { kind: 'any-scope' },
  params: deadById,
  response: deadLetter.extend({ type: z.string(), headers: z.record(z.string(), z.string()), payload: z.unknown() }).meta({ id: 'DeadLetterDetail' }),
  errors: [notFound, 'MQ_DEAD_LETTER_NOT_FOUND'],
});
export const RedriveDeadLetter = defineRoute({
  id: 'dead-letter.redrive',
  method: 'POST',
  path: '/api/v1/mq/subscriptions/{id}/dead-letters/{deadId}/redrive',
  tag: 'Dead letters',
  summary: 'Deliver it again, with a fresh series of attempts; the message keeps its id.',
  access: { kind: 'scope', scope: 'consume' },
  params: deadById,
  response: deadLetter,
  errors: [notFound, 'MQ_DEAD_LETTER_NOT_FOUND'],
  isIdempotent: true,
});
const someDead = {
  reason: z.string().max(200).optional().describe('Reasons that contain this.'),
  since: timestamp.optional(),
  until: timestamp.optional(),
  limit: z.number().int().min(1).max(10_000).default(1_000),
  isDryRun: z.boolean().default(false).describe('Changes nothing, and answers what would be done and what would remain.'),
};
export const RedriveDeadLetters = defineRoute({
  id: 'dead-letter.redrive-many',
  method: 'POST',
  path: '/api/v1/mq/subscriptions/{id}/dead-letters/redrive',
  tag: 'Dead letters',
  summary: 'Deliver again all dead letters, or those that fit, spread out by a rate.',
  access: { kind: 'scope', scope: 'consume' },
  params: byId,
  body: z.object({ ...someDead, ratePerSecond: z.number().min(0.1).max(10_000).default(100) }).strict(),
  status: 202,
  response: z.object({ redriven: z.number().int(), remaining: z.number().int() }),
  errors: [notFound],
  isIdempotent: true,
  example: { body: { reason: 'timeout', ratePerSecond: 50 } },
});
export const DiscardDeadLetters = defineRoute({
  id: 'dead-letter.discard-many',
  method: 'POST',
  path: '/api/v1/mq/subscriptions/{id}/dead-letters/discard',
  tag: 'Dead letters',
  summary: 'Give up for good all dead letters, or those that fit.',
  access: { kind: 'scope', scope: 'consume' },
  params: byId,
  body: z.object(someDead).strict(),
  response: z.object({ discarded: z.number().int(), remaining: z.number().int() }),
  errors: [notFound],
  example: { body: { isDryRun: true } },
});
export const DiscardDeadLetter = defineRoute({
  id: 'dead-letter.discard',
  method: 'DELETE',
  path: '/api/v1/mq/subscriptions/{id}/dead-letters/{deadId}',
  tag: 'Dead letters',
  summary: 'Give it up for good.',
  access: { kind: 'scope', scope: 'consume' },
  params: deadById,
  response: deadLetter,
  errors: [notFound, 'MQ_DEAD_LETTER_NOT_FOUND'],
});
