import { z } from 'zod';
import { defineRoute } from '../route.js';
import { jsonValue, pageOf, pageQuery, timestamp, topicName } from './shared.js';

const messageId = z.string().min(1).max(200).regex(/^[\x21-\x7e]+$/, 'use visible ASCII characters');

export const messageFields = {
  payload: jsonValue.describe('Any JSON value, at most MAX_MESSAGE_SIZE bytes (1 MiB).'),
  key: z.string().min(1).max(500).optional().describe('Messages with the same key land in the same partition and keep their order.'),
  partition: z.number().int().min(0).max(63).optional().describe('This very partition; wins over the key.'),
  headers: z.record(z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/, 'header names are HTTP tokens'), z.string().max(2_000)).optional(),
  type: z.string().min(1).max(200).regex(/^[A-Za-z0-9_.-]+$/).optional().describe('What kind of message; the topic name where left out.'),
  correlationId: z.string().min(1).max(200).optional(),
  messageId: messageId.optional().describe('Published twice under one id within the window of the topic, it is stored once.'),
  expiresInMs: z.number().int().min(1).max(31_536_000_000).optional().describe('Not delivered once it is older.'),
};

export const publishBody = z.object({ topic: topicName, ...messageFields }).strict().meta({ id: 'PublishMessage' });
export type PublishInput = z.output<typeof publishBody>;
const topicPublishBody = z.object(messageFields).strict().meta({ id: 'PublishToTopic' });

export const published = z
  .object({
    messageId: z.string(),
    topic: z.string(),
    partition: z.number().int(),
    offset: z.number().int(),
    publishedAt: timestamp,
    deduplicated: z.boolean().describe('True: a message with this id had been published before; nothing was stored.'),
  })
  .meta({ id: 'Published' });
export type Published = z.output<typeof published>;

const publishErrors = [
  'MQ_QUEUE_NOT_FOUND',
  'MQ_SYSTEM_TOPIC',
  'MQ_TOPIC_PAUSED',
  'MQ_TOPIC_ARCHIVED',
  'MQ_PRODUCER_NOT_ALLOWED',
  'MQ_PARTITION_UNKNOWN',
  'MQ_PAYLOAD_INVALID',
  'MQ_MESSAGE_TOO_LARGE',
  'MQ_RATE_LIMITED',
  'MQ_QUEUE_FULL',
  'MQ_PUBLISH_FAILED',
] as const;
const order = { orderId: 'o-1', total: 12.5 };

export const PublishMessage = defineRoute({
  id: 'message.publish',
  method: 'POST',
  path: '/api/v1/mq/publish',
  tag: 'Publishing',
  summary: 'Publish one message. Answered when it is durable.',
  access: { kind: 'scope', scope: 'publish' },
  body: publishBody,
  status: 201,
  response: published,
  errors: publishErrors,
  isIdempotent: true,
  keepsBodyText: true,
  isHot: true,
  example: { body: { topic: 'orders', key: 'customer-7', payload: order, headers: { region: 'eu' } } },
});

export const PublishToTopic = defineRoute({
  id: 'message.publish-to-topic',
  method: 'POST',
  path: '/api/v1/mq/topics/{name}/publish',
  tag: 'Publishing',
  summary: 'Publish one message to the topic in the path.',
  access: { kind: 'scope', scope: 'publish' },
  params: z.object({ name: topicName }),
  body: topicPublishBody,
  status: 201,
  response: published,
  errors: publishErrors,
  isIdempotent: true,
  keepsBodyText: true,
  isHot: true,
  example: { params: { name: 'orders' }, body: { payload: order } },
});

const batchResult = z.union([
  published.extend({ ok: z.literal(true) }),
  z.object({ ok: z.literal(false), error: z.object({ code: z.string(), message: z.string(), details: z.unknown().optional(), retryAfter: z.number().optional() }) }),
]);

export const PublishBatch = defineRoute({
  id: 'message.publish-batch',
  method: 'POST',
  path: '/api/v1/mq/publish/batch',
  tag: 'Publishing',
  summary: 'Publish up to 1 000 messages or 5 MiB at once, all or none (atomic, the default) or each for itself.',
  access: { kind: 'scope', scope: 'publish' },
  body: z
    .object({
      messages: z.array(publishBody.extend({ topic: topicName.optional() })).min(1).max(1_000),
      topic: topicName.optional().describe('For messages that name none.'),
      atomic: z.boolean().default(true).describe('true: one bad message refuses all. false: a result for each.'),
    })
    .strict()
    .meta({ id: 'PublishBatch' }),
  status: 201,
  response: z.object({ published: z.number().int(), failed: z.number().int(), results: z.array(batchResult) }),
  errors: publishErrors,
  isIdempotent: true,
  keepsBodyText: true,
  isHot: true,
  example: { body: { topic: 'orders', messages: [{ payload: order }, { payload: { orderId: 'o-2' }, key: 'customer-7' }] } },
});

const scheduleView = z
  .object({
    id: z.uuid(),
    topic: z.string(),
    kind: z.enum(['once', 'cron']),
    status: z.enum(['waiting', 'paused', 'cancelled', 'published', 'failed']),
    dueAt: timestamp.describe('When it is published next (or was).'),
    cron: z.string().nullable(),
    timeZone: z.string().nullable(),
    publishedCount: z.number().int(),
    lastMessageId: z.string().nullable(),
    lastError: z.string().nullable(),
    createdAt: timestamp,
  })
  .meta({ id: 'Schedule' });
export type ScheduleView = z.output<typeof scheduleView>;

export const PublishDelayed = defineRoute({
  id: 'schedule.create-delayed',
  method: 'POST',
  path: '/api/v1/mq/publish/delayed',
  tag: 'Scheduling',
  summary: 'Publish a message after a delay; never earlier.',
  access: { kind: 'scope', scope: 'publish' },
  body: publishBody.extend({ delayMs: z.number().int().min(1).max(31_536_000_000) }).meta({ id: 'PublishDelayed' }),
  status: 202,
  response: scheduleView,
  errors: publishErrors,
  isIdempotent: true,
  keepsBodyText: true,
  example: { body: { topic: 'orders', payload: order, delayMs: 60_000 } },
});

export const PublishScheduled = defineRoute({
  id: 'schedule.create',
  method: 'POST',
  path: '/api/v1/mq/publish/scheduled',
  tag: 'Scheduling',
  summary: 'Publish a message at a time, or again and again by a cron expression in a time zone.',
  access: { kind: 'scope', scope: 'publish' },
  body: publishBody
    .extend({
      at: timestamp.optional().describe('ISO 8601 with offset.'),
      cron: z.string().min(9).max(200).optional().describe('Five fields, or six with seconds.'),
      timeZone: z.string().max(100).default('UTC').describe('IANA name, for cron.'),
    })
    .refine((it) => (it.at === undefined) !== (it.cron === undefined), { message: 'give either `at` or `cron`', path: ['at'] })
    .meta({ id: 'PublishScheduled' }),
  status: 202,
  response: scheduleView,
  errors: [...publishErrors, 'MQ_CRON_INVALID'],
  isIdempotent: true,
  keepsBodyText: true,
  example: { body: { topic: 'orders', payload: order, cron: '0 9 * * 1-5', timeZone: 'Europe/Berlin' } },
});

const scheduleId = z.object({ id: z.uuid() });

export const ListSchedules = defineRoute({
  id: 'schedule.list',
  method: 'GET',
  path: '/api/v1/mq/schedules',
  tag: 'Scheduling',
  summary: 'List what is scheduled.',
  access: { kind: 'any-scope' },
  query: z.object({ ...pageQuery, topic: topicName.optional(), status: z.enum(['waiting', 'paused', 'cancelled', 'published', 'failed']).optional() }),
  response: pageOf(scheduleView),
  example: { query: { status: 'waiting' } },
});
export const GetSchedule = defineRoute({
  id: 'schedule.get',
  method: 'GET',
  path: '/api/v1/mq/schedules/{id}',
  tag: 'Scheduling',
  summary: 'Show one schedule.',
  access: { kind: 'any-scope' },
  params: scheduleId,
  response: scheduleView,
  errors: ['MQ_SCHEDULE_NOT_FOUND'],
});
export const CancelSchedule = defineRoute({
  id: 'schedule.cancel',
  method: 'DELETE',
  path: '/api/v1/mq/schedules/{id}',
  tag: 'Scheduling',
  summary: 'Cancel what is scheduled; what was published stays.',
  access: { kind: 'scope', scope: 'publish' },
  params: scheduleId,
  response: scheduleView,
  errors: ['MQ_SCHEDULE_NOT_FOUND', 'MQ_SCHEDULE_ENDED'],
});
export const PauseSchedule = defineRoute({
  id: 'schedule.pause',
  method: 'POST',
  path: '/api/v1/mq/schedules/{id}/pause',
  tag: 'Scheduling',
  summary: 'Publish nothing from this schedule until it is resumed.',
  access: { kind: 'scope', scope: 'publish' },
  params: scheduleId,
  response: scheduleView,
  errors: ['MQ_SCHEDULE_NOT_FOUND', 'MQ_SCHEDULE_ENDED'],
});
export const ResumeSchedule = defineRoute({
  id: 'schedule.resume',
  method: 'POST',
  path: '/api/v1/mq/schedules/{id}/resume',
  tag: 'Scheduling',
  summary: 'Go on; a time that passed meanwhile is published at once (cron: goes on with its next time).',
  access: { kind: 'scope', scope: 'publish' },
  params: scheduleId,
  response: scheduleView,
  errors: ['MQ_SCHEDULE_NOT_FOUND', 'MQ_SCHEDULE_ENDED'],
});

const attemptView = z
  .object({
    subscriptionId: z.uuid(),
    messageId: z.string(),
    at: timestamp,
    status: z.enum(['success', 'failed', 'retrying', 'expired', 'aborted']),
    attempt: z.number().int(),
    durationMs: z.number().int().nullable(),
    responseStatus: z.number().int().nullable(),
    responseHead: z.string().nullable(),
    error: z.string().nullable(),
    nextAttemptAt: timestamp.nullable(),
    instance: z.string(),
  })
  .meta({ id: 'Attempt' });
export type AttemptView = z.output<typeof attemptView>;

const messageView = z
  .object({
    messageId: z.string(),
    topic: z.string(),
    partition: z.number().int(),
    offset: z.number().int(),
    type: z.string(),
    key: z.string().nullable(),
    correlationId: z.string().nullable(),
    headers: z.record(z.string(), z.string()),
    payload: z.unknown(),
    payloadSize: z.number().int(),
    contentType: z.string(),
    status: z.enum(['published', 'dead_letter']),
    publishedAt: timestamp,
    expiresAt: timestamp.nullable(),
    producer: z.string().nullable(),
    deliveries: z.array(
      z.object({
        subscriptionId: z.uuid(),
        status: z.enum(['waiting', 'in_flight', 'delivered', 'dead', 'discarded']).describe('delivered means settled: also by a filter or by its expiry, which the attempts tell.'),
        attempts: z.number().int(),
        redrives: z.number().int(),
        nextAttemptAt: timestamp.nullable(),
        lastError: z.string().nullable(),
      }),
    ),
    attempts: z.array(attemptView),
  })
  .meta({ id: 'Message' });

export const GetMessage = defineRoute({
  id: 'message.get',
  method: 'GET',
  path: '/api/v1/mq/messages/{id}',
  tag: 'Messages',
  summary: 'Show a message: what was published, what became of it at every subscription, every attempt.',
  access: { kind: 'any-scope' },
  params: z.object({ id: messageId }),
  query: z.object({ topic: topicName.optional().describe('Where one id was used in several topics.') }),
  response: messageView,
  errors: ['MQ_MESSAGE_NOT_FOUND'],
});

export const ListAttempts = defineRoute({
  id: 'attempt.list',
  method: 'GET',
  path: '/api/v1/mq/subscriptions/{id}/attempts',
  tag: 'Messages',
  summary: 'The attempt log of a subscription, youngest first.',
  access: { kind: 'any-scope' },
  params: z.object({ id: z.uuid() }),
  query: z.object({ ...pageQuery, status: z.enum(['success', 'failed', 'retrying', 'expired', 'aborted']).optional() }),
  response: pageOf(attemptView),
  errors: ['MQ_SUBSCRIPTION_NOT_FOUND'],
});
