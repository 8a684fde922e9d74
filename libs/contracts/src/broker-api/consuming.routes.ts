import { z } from 'zod';
import { defineRoute } from '../route.js';
import { jsonValue, timestamp } from './shared.js';
import { byId, delayMs, notFound } from './subscription-settings.js';

const receipt = z.string().min(1).max(300);
const delivered = z
  .object({
    receipt: receipt.describe('Proof that the message was given to you; ack, nack and extend want it.'),
    messageId: z.string(),
    topic: z.string(),
    partition: z.number().int(),
    offset: z.number().int(),
    type: z.string(),
    key: z.string().nullable(),
    headers: z.record(z.string(), z.string()),
    correlationId: z.string().nullable(),
    publishedAt: timestamp,
    attempt: z.number().int().describe('1 for the first.'),
    payload: jsonValue,
  })
  .meta({ id: 'PulledMessage' });
export type PulledMessage = z.output<typeof delivered>;

export const PullMessages = defineRoute({
  id: 'delivery.pull',
  method: 'POST',
  path: '/api/v1/mq/subscriptions/{id}/pull',
  tag: 'Consuming',
  summary: 'Take messages; waits up to `waitMs` for the first one.',
  access: { kind: 'scope', scope: 'consume' },
  params: byId,
  body: z.object({ max: z.number().int().min(1).max(1_000).default(100), waitMs: z.number().int().min(0).max(30_000).default(0) }).strict(),
  response: z.object({ messages: z.array(delivered) }),
  errors: [notFound, 'MQ_NOT_A_PULL_SUBSCRIPTION', 'MQ_SUBSCRIPTION_PAUSED', 'MQ_CONSUMER_NOT_ALLOWED'],
  isHot: true,
  example: { body: { max: 10, waitMs: 1_000 } },
});

const settled = z.object({ settled: z.number().int(), refused: z.array(z.object({ receipt, code: z.string(), message: z.string() })) });
const settleErrors = [notFound, 'MQ_NOT_A_PULL_SUBSCRIPTION', 'MQ_CONSUMER_NOT_ALLOWED'] as const;

export const AckMessages = defineRoute({
  id: 'delivery.ack',
  method: 'POST',
  path: '/api/v1/mq/subscriptions/{id}/ack',
  tag: 'Consuming',
  summary: 'Settle messages. A receipt whose time ran out is refused by MQ_RECEIPT_EXPIRED: somebody else has the message now.',
  access: { kind: 'scope', scope: 'consume' },
  params: byId,
  body: z.object({ receipts: z.array(receipt).min(1).max(1_000) }).strict(),
  response: settled,
  errors: settleErrors,
  isHot: true,
});
export const NackMessages = defineRoute({
  id: 'delivery.nack',
  method: 'POST',
  path: '/api/v1/mq/subscriptions/{id}/nack',
  tag: 'Consuming',
  summary: 'Give messages back: as failed, to be tried again after `delayMs` or by the retry policy, or as not begun.',
  access: { kind: 'scope', scope: 'consume' },
  params: byId,
  body: z
    .object({
      receipts: z.array(receipt).min(1).max(1_000),
      delayMs: delayMs.optional(),
      reason: z.string().max(500).optional(),
      release: z.boolean().optional().describe('true: nobody began with them; they are due at once, and no attempt is counted or logged.'),
    })
    .strict()
    .refine(({ release, delayMs }) => release !== true || delayMs === undefined, { message: 'cannot be given with `release`, which gives back at once', path: ['delayMs'] }),
  response: settled,
  errors: settleErrors,
});
export const ExtendMessages = defineRoute({
  id: 'delivery.extend',
  method: 'POST',
  path: '/api/v1/mq/subscriptions/{id}/extend',
  tag: 'Consuming',
  summary: 'Ask for another `ackTimeoutMs`, counted from now.',
  access: { kind: 'scope', scope: 'consume' },
  params: byId,
  body: z.object({ receipts: z.array(receipt).min(1).max(1_000) }).strict(),
  response: settled,
  errors: settleErrors,
});
