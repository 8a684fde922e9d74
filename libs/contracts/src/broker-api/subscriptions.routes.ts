import { z } from 'zod';
import { defineRoute } from '../route.js';
import { pageOf, pageQuery, timestamp, topicName } from './shared.js';
import { byId, destination, destinationKinds, notFound, retryPolicy, settings } from './subscription-settings.js';

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
