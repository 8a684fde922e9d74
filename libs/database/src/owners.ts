import type { Prisma } from './generated/prisma/client.js';

/** A model as the client names it. */
type ClientModel = Uncapitalize<Prisma.ModelName>;

/** Every Postgres schema, and the models in it. A service works with one of them. */
export const modelsOf = {
  /** gateway */
  accounts: ['user', 'accountsOutboxEvent', 'storedFile'],
  /** libs/auth: read by every service that checks credentials */
  auth: ['tenant', 'apiKey', 'serviceToken'],
  /** mq-broker */
  broker: [
    'messageTopic',
    'topicPartition',
    'messageSubscription',
    'subscriptionCursor',
    'webhookSecret',
    'messageRecord',
    'messageDedup',
    'delivery',
    'deliveryFeed',
    'consumptionRecord',
    'scheduledMessage',
    'idempotencyKey',
    'brokerAuditEntry',
  ],
  /** email-worker */
  email: ['emailDelivery', 'emailSuppression', 'emailSender', 'emailTemplate', 'emailTemplateVersion', 'emailOutboxEvent'],
  /** sms-worker */
  sms: ['smsDelivery', 'smsTemplate', 'verification', 'smsOutboxEvent'],
  /** task-worker */
  tasks: ['profile', 'auditRecord', 'tasksOutboxEvent'],
} as const satisfies Record<string, readonly ClientModel[]>;

/** A Postgres schema; named for what it holds, owned by one service. */
export type Owner = keyof typeof modelsOf;

/** Owners whose changes are told to others through an outbox. */
export type OutboxOwner = 'accounts' | 'email' | 'sms' | 'tasks';

/** What a service sees: its own models. The outbox is left to addToOutbox and OutboxRelay. */
export type ModelOf<O extends Owner> = Exclude<(typeof modelsOf)[O][number], `${OutboxOwner}OutboxEvent`>;
