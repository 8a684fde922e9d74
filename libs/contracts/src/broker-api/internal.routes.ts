import { z } from 'zod';
import { templateReference } from '../jobs/email.jobs.js';
import { defineRoute } from '../route.js';
import { jsonValue } from './shared.js';
import { messageQueueMetrics } from './watch.routes.js';

const tag = 'Internal';
const name = z.string().min(1).max(200).regex(/^[A-Za-z0-9_.-]+$/, 'use letters, digits and . _ -');
const id = z.string().min(1).max(200);
const address = z.email().max(254);

const repeatable = {
  messageId: z
    .string()
    .min(1)
    .max(150)
    .regex(/^[\x21-\x7e]+$/, 'use visible ASCII characters')
    .optional()
    .describe('Sent again under the same id within a day, it is published once and mailed once. Give one if you may repeat the call.'),
  correlationId: id.optional(),
};

/** What was published, and the mail that was ordered with it. */
const internalPublished = z
  .object({
    messageId: z.string(),
    topic: z.string(),
    partition: z.number().int(),
    offset: z.number().int(),
    deduplicated: z.boolean().describe('True: a message with this id had been published before; nothing was stored.'),
  })
  .meta({ id: 'InternalPublished' });
const notified = internalPublished
  .extend({ emailJobId: z.string().nullable().describe('The job in the queue `email`; null where no mail was asked for.') })
  .meta({ id: 'Notified' });

const publishErrors = ['MQ_QUEUE_NOT_FOUND', 'MQ_TOPIC_PAUSED', 'MQ_MESSAGE_TOO_LARGE', 'MQ_QUEUE_FULL', 'MQ_PUBLISH_FAILED', 'UNAVAILABLE'] as const;

export const PublishUserEvent = defineRoute({
  id: 'internal.user-event',
  method: 'POST',
  path: '/internal/mq/user-events',
  tag,
  summary: 'Publish what happened to a user, to the topic user-events of the system.',
  description: 'Events of one user keep their order.',
  access: { kind: 'service', permission: 'user-events' },
  body: z
    .object({ event: name.describe('`user.logged-in`: the type of the message.'), userId: id, data: jsonValue.describe('Any JSON value.'), ...repeatable })
    .strict()
    .meta({ id: 'UserEvent' }),
  status: 201,
  response: internalPublished,
  errors: publishErrors,
  example: { body: { event: 'user.logged-in', userId: '0190a6f0-7c1e-7b3a-9d52-3a5f6f1c2d4e', data: { method: 'password' } } },
});

const mail = z
  .object({
    to: z.union([address, z.array(address).min(1).max(50)]),
    template: templateReference.optional().describe('Left out: the title is the subject and the body the text.'),
  })
  .strict();
const message = {
  channel: z.enum(['email', 'none']).default('none').describe('email: it is mailed as well. none: it is published only.'),
  title: z.string().min(1).max(200),
  body: z.string().min(1).max(10_000),
  data: z.record(z.string(), z.unknown()).optional().describe('What subscribers may need besides: links, ids. No secrets.'),
  email: mail.optional(),
  ...repeatable,
};
const hasMail = ({ channel, email }: { channel: string; email?: unknown }) => (channel === 'email') === (email !== undefined);
const mailFault = { message: 'give `email` with the channel email, and only then', path: ['email'] };

export const NotifyUser = defineRoute({
  id: 'internal.user-notification',
  method: 'POST',
  path: '/internal/mq/user-notifications',
  tag,
  summary: 'Tell a user something: publish it to the topic user-notifications of the system, and mail it where asked.',
  access: { kind: 'service', permission: 'user-notifications' },
  body: z.object({ userId: id, ...message }).strict().refine(hasMail, mailFault).meta({ id: 'UserNotification' }),
  status: 201,
  response: notified,
  errors: publishErrors,
  example: {
    body: {
      userId: '0190a6f0-7c1e-7b3a-9d52-3a5f6f1c2d4e',
      channel: 'email',
      title: 'Your export is ready',
      body: 'It can be fetched for seven days.',
      email: { to: 'ada@example.com' },
      messageId: 'export-4711-ready',
    },
  },
});

export const PublishAuditLog = defineRoute({
  id: 'internal.audit-log',
  method: 'POST',
  path: '/internal/mq/audit-logs',
  tag,
  summary: 'Publish an entry for the audit trail, to the topic audit-logs of the system.',
  description: 'Entries about one subject keep their order.',
  access: { kind: 'service', permission: 'audit-logs' },
  body: z
    .object({
      action: name.max(100).describe('`user.deleted`: also the type of the message.'),
      subject: id.describe('What it was done to.'),
      actor: id.describe('Who did it.'),
      tenantId: z.guid().optional(),
      occurredAt: z.iso.datetime({ offset: true }).optional().describe('Left out: now.'),
      details: z.record(z.string(), z.unknown()).optional().describe('No secrets.'),
      ...repeatable,
    })
    .strict()
    .meta({ id: 'AuditLog' }),
  status: 201,
  response: internalPublished,
  errors: publishErrors,
  example: { body: { action: 'user.deleted', subject: 'user-7', actor: 'admin-1', details: { reason: 'on request' } } },
});

export const PublishNotification = defineRoute({
  id: 'internal.notification',
  method: 'POST',
  path: '/internal/mq/notifications',
  tag,
  summary: 'Publish a notification of any kind to the topic notifications of the system, and mail it where asked.',
  access: { kind: 'service', permission: 'notifications' },
  body: z
    .object({ kind: name.describe('`maintenance.planned`: the type of the message.'), about: id.optional().describe('Notifications about one thing keep their order.'), ...message })
    .strict()
    .refine(hasMail, mailFault)
    .meta({ id: 'Notification' }),
  status: 201,
  response: notified,
  errors: publishErrors,
  example: { body: { kind: 'maintenance.planned', title: 'Maintenance on Sunday', body: 'From 02:00 to 03:00 UTC.' } },
});

const count = z.number().int().min(0);
const topicState = z
  .object({
    topic: z.string(),
    exists: z.boolean().describe('False until the broker has created it, seconds after its first start.'),
    messages: count.describe('That the topic holds.'),
    subscriptionCount: count,
    lag: count.describe('Deliveries that are still owed.'),
    waiting: count,
    inFlight: count,
    dead: count,
    oldestUnsettledAgeMs: z.number().min(0).nullable(),
    publishedRate: z.number().min(0).describe('Per second, over the last 5 minutes.'),
    deliveredRate: z.number().min(0).describe('Per second, over the last 5 minutes.'),
  })
  .meta({ id: 'InternalTopicState' });
export type InternalTopicState = z.output<typeof topicState>;
const jobCounts = z.object({ waiting: count, active: count, delayed: count, failed: count, completed: count }).meta({ id: 'QueueJobCounts' });

export const GetAuditQueueStatus = defineRoute({
  id: 'internal.audit-queue-status',
  method: 'GET',
  path: '/internal/mq/audit-queue-status',
  tag,
  summary: 'Show how far the consumers of audit-logs have come.',
  access: { kind: 'service', permission: 'audit-logs' },
  response: topicState,
});

export const GetNotificationQueue = defineRoute({
  id: 'internal.notification-queue',
  method: 'GET',
  path: '/internal/mq/notification-queue',
  tag,
  summary: 'Show how far the consumers of both notification topics have come, and the jobs of the queue email.',
  access: { kind: 'service', permission: 'notifications' },
  response: z.object({ topics: z.array(topicState), email: jobCounts.nullable().describe('null while Redis is away.') }).meta({ id: 'NotificationQueue' }),
});

export const GetInternalMetrics = defineRoute({
  id: 'internal.metrics',
  method: 'GET',
  path: '/internal/mq/metrics',
  tag,
  summary: 'Show the metrics over all tenants and all replicas.',
  access: { kind: 'service', permission: 'monitoring' },
  response: messageQueueMetrics,
});

export const GetDetailedHealth = defineRoute({
  id: 'internal.health-detailed',
  method: 'GET',
  path: '/internal/mq/health-detailed',
  tag,
  summary: 'Show every check with its reason, the replicas and the state of this process; answers 200 also when it is not ready.',
  access: { kind: 'service', permission: 'monitoring' },
  response: z
    .object({
      status: z.enum(['ok', 'error', 'stopping']),
      checks: z.record(z.string(), z.looseObject({ status: z.enum(['up', 'down']), reason: z.string().optional() })),
      version: z.string(),
      instance: z.string(),
      uptimeMs: count,
      replicas: z.array(z.string()).nullable().describe('Instances that were heard of in the last 30 seconds; null while Redis is away.'),
      process: z.object({ rssBytes: count, heapUsedBytes: count, eventLoopUtilization: z.number().min(0).max(1).describe('Share of time that the event loop was busy, since the start.') }),
      subscriptions: z.object({ total: count, active: count, disabled: count, breakerOpen: count }).nullable().describe('null while Postgres is away.'),
    })
    .meta({ id: 'DetailedHealth' }),
});
