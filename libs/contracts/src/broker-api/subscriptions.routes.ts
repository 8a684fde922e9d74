import { z } from 'zod';
import { defineRoute } from '../route.js';
import { jsonValue, pageOf, pageQuery, timestamp, topicName } from './shared.js';

const pullHandler = z.object({}).strict();
/** Set by HTTP, by the specification of webhooks, or by the broker about the message. */
const ownHeaders = /^(host|connection|keep-alive|te|trailer|upgrade|expect|proxy-.*|transfer-encoding|accept-encoding|content-.*|user-agent|webhook-.*|angarium-.*|traceparent|x-correlation-id)$/i;
const webhookHandler = z
  .object({
    url: z.url({ protocol: /^https?$/, error: 'write an https URL, such as https://example.com/hooks' }).max(2_000),
    headers: z
      .record(z.string().regex(/^[A-Za-z0-9-]{1,100}$/), z.string().max(2_000).regex(/^[\x20-\x7e]*$/, 'use visible ASCII characters'))
      .refine((headers) => Object.keys(headers).every((name) => !ownHeaders.test(name)), 'names a header that the broker sets itself, such as host, content-type or webhook-id')
      .default({}).describe('Sent with every call. Not for secrets: use the signature.'),
    timeoutMs: z.number().int().min(1_000).max(30_000).default(15_000),
    signature: z.enum(['v1', 'v1a']).default('v1').describe('v1: HMAC-SHA256. v1a: Ed25519.'),
  })
  .strict();
const queueHandler = z
  .object({
    queue: z.string().min(1).max(100).regex(/^[a-z0-9-]+$/).describe('Without the prefix `mq-<tenant>-`, or with it: `mails` of the tenant dev is the queue `mq-dev-mails`, which answers show in full.'),
    jobName: z.string().min(1).max(100).default('message'),
  })
  .strict();
const realtimeHandler = z.object({ room: z.string().min(1).max(200), event: z.string().min(1).max(100).default('message') }).strict();

/** Longest pause that a policy may ask for: a week. */
export const MAX_RETRY_DELAY_MS = 604_800_000;
const delayMs = z.number().int().min(0).max(MAX_RETRY_DELAY_MS);
const jitterPercent = z.number().int().min(0).max(50).default(20);
/**
 * When a failed delivery is tried again. `list`: the pause after each attempt; where it is shorter than the attempts, its last entry repeats.
 * `exponential`: `firstMs`, then each `factor` times the one before, up to `maxMs`. Every pause is spread by ± `jitterPercent`.
 */
export const retryPolicy = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('list'), delaysMs: z.array(delayMs).min(1).max(50), jitterPercent }).strict(),
    z
      .object({ kind: z.literal('exponential'), firstMs: delayMs, factor: z.number().min(1).max(10).default(2), maxMs: delayMs.default(86_400_000), jitterPercent })
      .strict(),
  ])
  .meta({ id: 'RetryPolicy' });
export type RetryPolicy = z.output<typeof retryPolicy>;

export const destinationKinds = ['pull', 'webhook', 'queue', 'realtime'] as const;
export const destination = z
  .discriminatedUnion('type', [
    pullHandler.extend({ type: z.literal('pull') }),
    webhookHandler.extend({ type: z.literal('webhook') }),
    queueHandler.extend({ type: z.literal('queue') }),
    realtimeHandler.extend({ type: z.literal('realtime') }),
  ])
  .meta({ id: 'Destination' });
export type Destination = z.output<typeof destination>;

const settings = {
  destination,
  filter: z.record(z.string(), z.unknown()).nullable().default(null).describe('Only messages that match are delivered: {"payload.total": {"$gte": 100}}.'),
  maxInFlight: z.number().int().min(1).max(10_000).default(100),
  batchSize: z.number().int().min(1).max(1_000).default(100).describe('Most messages that are read at once.'),
  ackTimeoutMs: z.number().int().min(1_000).max(3_600_000).default(30_000).describe('Pull: a message that is not acknowledged for so long counts as failed.'),
  maxAttempts: z.number().int().min(1).max(100).default(10),
  retry: retryPolicy.nullable().default(null).describe('null: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h for webhooks; 1 s doubling up to 5 min for the rest.'),
  deadLetterTopic: topicName.nullable().default(null).describe('What is given up is published here too; null: only kept as a dead letter.'),
  isOrdered: z.boolean().default(false).describe('Strict order per key: a message that fails holds up its key, and nothing else.'),
};

const resetView = z.enum(['earliest', 'latest', 'offset', 'time']);

export const subscriptionView = z
  .object({
    id: z.uuid(),
    topicId: z.uuid(),
    topic: z.string(),
    group: z.string(),
    name: z.string(),
    destination,
    filter: z.record(z.string(), z.unknown()).nullable(),
    maxInFlight: z.number().int(),
    batchSize: z.number().int(),
    ackTimeoutMs: z.number().int(),
    maxAttempts: z.number().int(),
    retry: retryPolicy,
    deadLetterTopic: z.string().nullable(),
    isOrdered: z.boolean(),
    offsetReset: resetView,
    status: z.enum(['active', 'paused', 'stopped', 'disabled']),
    disabledReason: z.string().nullable(),
    breaker: z.enum(['closed', 'open', 'half-open']),
    tenantId: z.guid(),
    version: z.number().int(),
    createdAt: timestamp,
    updatedAt: timestamp,
    lastConsumedAt: timestamp.nullable(),
  })
  .meta({ id: 'Subscription' });
export type SubscriptionView = z.output<typeof subscriptionView>;

const subscriptionDetail = subscriptionView
  .extend({
    cursors: z.array(z.object({ partition: z.number().int(), settledOffset: z.number().int(), lag: z.number().int() })),
    waitingCount: z.number().int(),
    deadCount: z.number().int(),
  })
  .meta({ id: 'SubscriptionDetail' });

const byId = z.object({ id: z.uuid() });
const notFound = 'MQ_SUBSCRIPTION_NOT_FOUND';
const settingErrors = ['MQ_FILTER_INVALID', 'EGRESS_TARGET_REFUSED', 'MQ_QUEUE_NOT_FOUND', 'MQ_CONSUMER_NOT_ALLOWED'] as const;

export const CreateSubscription = defineRoute({
  id: 'subscription.create',
  method: 'POST',
  path: '/api/v1/mq/subscriptions',
  tag: 'Subscriptions',
  summary: 'Subscribe to a topic. The secret that signs webhooks is shown once, here.',
  access: { kind: 'scope', scope: 'consume' },
  body: z
    .object({
      topic: topicName.optional().describe('Name of a topic of your tenant, or of a public one of the system.'),
      topicId: z.uuid().optional().describe('For a public topic of another tenant.'),
      group: z.string().min(1).max(200).describe('Who consumes: one group gets every message once.'),
      name: z.string().min(1).max(200).default('default'),
      offsetReset: z
        .union([
          z.enum(['earliest', 'latest']),
          z.object({ offset: z.number().int().min(1), partition: z.number().int().min(0).default(0) }).strict(),
          z.object({ time: timestamp }).strict(),
        ])
        .default('latest')
        .describe('Where to begin. With an offset, other partitions begin at their latest.'),
      ...settings,
    })
    .strict()
    .refine((it) => (it.topic === undefined) !== (it.topicId === undefined), { message: 'give either `topic` or `topicId`', path: ['topic'] })
    .meta({ id: 'NewSubscription' }),
  status: 201,
  response: subscriptionDetail
    .extend({
      secret: z.string().nullable().describe('What webhooks with v1 are verified by; null for others.'),
      publicKey: z.string().nullable().describe('What webhooks with v1a are verified by; null for others.'),
    })
    .meta({ id: 'CreatedSubscription' }),
  errors: [...settingErrors, 'MQ_SUBSCRIPTION_EXISTS', 'MQ_TOPIC_ARCHIVED'],
  isIdempotent: true,
  example: { body: { topic: 'orders', group: 'billing', destination: { type: 'pull' }, filter: { 'payload.total': { $gte: 10 } } } },
});

export const ListSubscriptions = defineRoute({
  id: 'subscription.list',
  method: 'GET',
  path: '/api/v1/mq/subscriptions',
  tag: 'Subscriptions',
  summary: 'List the subscriptions of your tenant.',
  access: { kind: 'any-scope' },
  query: z.object({
    ...pageQuery,
    topic: topicName.optional(),
    prefix: z.string().max(200).optional().describe('Groups that begin with this.'),
    status: z.enum(['active', 'paused', 'stopped', 'disabled']).optional(),
    destination: z.enum(destinationKinds).optional(),
  }),
  response: pageOf(subscriptionView),
});
export const GetSubscription = defineRoute({
  id: 'subscription.get',
  method: 'GET',
  path: '/api/v1/mq/subscriptions/{id}',
  tag: 'Subscriptions',
  summary: 'Show a subscription with its lag; the ETag header holds its version.',
  access: { kind: 'any-scope' },
  params: byId,
  response: subscriptionDetail,
  errors: [notFound],
});
export const UpdateSubscription = defineRoute({
  id: 'subscription.update',
  method: 'PUT',
  path: '/api/v1/mq/subscriptions/{id}',
  tag: 'Subscriptions',
  summary: 'Replace the settings of a subscription. What is left out gets its default; whether it is ordered cannot change.',
  access: { kind: 'scope', scope: 'consume' },
  params: byId,
  body: z.object(settings).strict().meta({ id: 'SubscriptionSettings' }),
  response: subscriptionDetail,
  errors: [...settingErrors, notFound, 'MQ_VERSION_CONFLICT', 'MQ_VERSION_REQUIRED', 'MQ_ORDER_FIXED'],
  example: { headers: { 'if-match': '"1"' }, body: { destination: { type: 'pull' }, maxAttempts: 5 } },
});
export const DeleteSubscription = defineRoute({
  id: 'subscription.delete',
  method: 'DELETE',
  path: '/api/v1/mq/subscriptions/{id}',
  tag: 'Subscriptions',
  summary: 'Delete a subscription with what it still owed.',
  access: { kind: 'scope', scope: 'consume' },
  params: byId,
  response: z.object({ abandonedMessages: z.number().int() }),
  errors: [notFound],
});
export const PauseSubscription = defineRoute({
  id: 'subscription.pause',
  method: 'POST',
  path: '/api/v1/mq/subscriptions/{id}/pause',
  tag: 'Subscriptions',
  summary: 'Deliver nothing until it is resumed; messages wait.',
  access: { kind: 'scope', scope: 'consume' },
  params: byId,
  response: subscriptionDetail,
  errors: [notFound],
});
export const ResumeSubscription = defineRoute({
  id: 'subscription.resume',
  method: 'POST',
  path: '/api/v1/mq/subscriptions/{id}/resume',
  tag: 'Subscriptions',
  summary: 'Go on, also after the broker disabled it; `recoverSince` redrives what died meanwhile.',
  access: { kind: 'scope', scope: 'consume' },
  params: byId,
  body: z.object({ recoverSince: timestamp.optional() }).strict(),
  response: subscriptionDetail,
  errors: [notFound],
  example: { body: {} },
});
export const RotateSecret = defineRoute({
  id: 'subscription.rotate-secret',
  method: 'POST',
  path: '/api/v1/mq/subscriptions/{id}/secret/rotate',
  tag: 'Subscriptions',
  summary: 'Make a new signing secret, shown once; the old one signs beside it until the overlap ends.',
  access: { kind: 'scope', scope: 'consume' },
  params: byId,
  body: z.object({ overlapMs: z.number().int().min(0).max(604_800_000).default(86_400_000), signature: z.enum(['v1', 'v1a']).optional() }).strict(),
  response: z.object({ secret: z.string().nullable().describe('Of v1; null for v1a.'), publicKey: z.string().nullable().describe('Of v1a; null for v1.'), oldExpiresAt: timestamp.nullable() }),
  errors: [notFound, 'MQ_NOT_A_WEBHOOK'],
  example: { body: { overlapMs: 3_600_000 } },
});
export const ReplaySubscription = defineRoute({
  id: 'subscription.replay',
  method: 'POST',
  path: '/api/v1/mq/subscriptions/{id}/replay',
  tag: 'Subscriptions',
  summary: 'Deliver again what was published from an offset or a time on, to this subscription only.',
  access: { kind: 'scope', scope: 'consume' },
  params: byId,
  body: z
    .object({
      fromOffset: z.number().int().min(1).optional(),
      partition: z.number().int().min(0).max(63).optional().describe('With an offset: of this partition (0). With a time: only this one.'),
      fromTime: timestamp.optional(),
      untilOffset: z.number().int().min(1).optional(),
      messageId: z.string().max(200).optional().describe('This one message only.'),
    })
    .strict()
    .refine((it) => [it.fromOffset, it.fromTime, it.messageId].filter((given) => given !== undefined).length === 1, {
      message: 'give one of `fromOffset`, `fromTime`, `messageId`',
      path: ['fromOffset'],
    }),
  status: 202,
  response: z.object({ replayedMessages: z.number().int().describe('How many will be delivered again, before the filter.') }),
  errors: [notFound, 'MQ_MESSAGE_NOT_FOUND'],
  isIdempotent: true,
  example: { body: { fromOffset: 1 } },
});

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
