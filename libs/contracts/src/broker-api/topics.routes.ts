import { z } from 'zod';
import { defineRoute } from '../route.js';
import { pageOf, pageQuery, timestamp, topicName } from './shared.js';

const topicSettings = {
  displayName: z.string().max(200).nullable().default(null),
  description: z.string().max(2_000).nullable().default(null),
  partitionCount: z.number().int().min(1).max(64).default(1).describe('May grow later, never shrink; growing moves keys to other partitions.'),
  retentionMs: z.number().int().min(60_000).max(31_536_000_000).default(604_800_000).describe('How long messages can be read and replayed.'),
  messageFormat: z.literal('json').default('json'),
  schemaDefinition: z.record(z.string(), z.unknown()).nullable().default(null).describe('JSON Schema (draft 2020-12 or 07) that payloads must fit.'),
  compressionType: z.literal('none').default('none'),
  isPublic: z.boolean().default(false).describe('Every tenant may subscribe to a public topic.'),
  allowedProducers: z.array(z.string().max(200)).max(100).default([]).describe('Names of API keys that may publish; empty: all of the tenant with the scope publish.'),
  allowedConsumers: z.array(z.string().max(200)).max(100).default([]).describe('Names of API keys that may subscribe and pull; empty: all of the tenant with the scope consume.'),
  status: z.enum(['active', 'paused', 'archived']).default('active').describe('paused refuses publishes; archived can be read only.'),
  durability: z.enum(['commit', 'stream']).default('commit').describe('commit: acknowledged when in Postgres. stream: when in Redis; faster, recorded afterwards.'),
  dedupWindowMs: z.number().int().min(0).max(604_800_000).default(300_000).describe('How long a message id given by a publisher is known.'),
  maxQueueLength: z.number().int().min(1).max(1_000_000_000).nullable().default(null).describe('Most messages that the slowest subscription may leave waiting; null: MAX_QUEUE_LENGTH of the service.'),
};

export const topicView = z
  .object({
    id: z.uuid(),
    name: topicName,
    topicType: z.string(),
    displayName: z.string().nullable(),
    description: z.string().nullable(),
    partitionCount: z.number().int(),
    replicationFactor: z.number().int(),
    retentionMs: z.number().int(),
    messageFormat: z.string(),
    schemaDefinition: z.record(z.string(), z.unknown()).nullable(),
    compressionType: z.string(),
    isPublic: z.boolean(),
    allowedProducers: z.array(z.string()),
    allowedConsumers: z.array(z.string()),
    status: z.enum(['active', 'paused', 'archived']),
    durability: z.enum(['commit', 'stream']),
    dedupWindowMs: z.number().int(),
    maxQueueLength: z.number().int().nullable(),
    tenantId: z.guid(),
    version: z.number().int().describe('Also the ETag.'),
    createdAt: timestamp,
    updatedAt: timestamp,
  })
  .meta({ id: 'Topic' });
export type TopicView = z.output<typeof topicView>;

const topicDetail = topicView
  .extend({
    partitions: z.array(z.object({ partition: z.number().int(), firstOffset: z.number().int(), nextOffset: z.number().int() })),
    subscriptionCount: z.number().int(),
  })
  .meta({ id: 'TopicDetail' });

const byName = z.object({ name: topicName });
const exampleSchema = { type: 'object', required: ['orderId'], properties: { orderId: { type: 'string' }, total: { type: 'number', minimum: 0 } } };

export const CreateTopic = defineRoute({
  id: 'topic.create',
  method: 'POST',
  path: '/api/v1/mq/queues',
  tag: 'Topics',
  summary: 'Create a topic (a queue).',
  access: { kind: 'scope', scope: 'admin' },
  body: z.object({ name: topicName, ...topicSettings }).strict().meta({ id: 'NewTopic' }),
  status: 201,
  response: topicDetail,
  errors: ['MQ_QUEUE_EXISTS', 'MQ_SYSTEM_TOPIC', 'MQ_SCHEMA_INVALID'],
  isIdempotent: true,
  example: { body: { name: 'orders', partitionCount: 2, schemaDefinition: exampleSchema } },
});

export const ListTopics = defineRoute({
  id: 'topic.list',
  method: 'GET',
  path: '/api/v1/mq/queues',
  tag: 'Topics',
  summary: 'List the topics of your tenant, and with ?public=true those that others made public.',
  access: { kind: 'any-scope' },
  query: z.object({
    ...pageQuery,
    prefix: z.string().max(200).optional().describe('Names that begin with this.'),
    status: z.enum(['active', 'paused', 'archived']).optional(),
    public: z.enum(['true', 'false']).default('false'),
  }),
  response: pageOf(topicView),
  errors: [],
  example: { query: { prefix: 'ord', limit: '10' } },
});

export const GetTopic = defineRoute({
  id: 'topic.get',
  method: 'GET',
  path: '/api/v1/mq/queues/{name}',
  tag: 'Topics',
  summary: 'Show a topic with its partitions; the ETag header holds its version.',
  access: { kind: 'any-scope' },
  params: byName,
  response: topicDetail,
  errors: ['MQ_QUEUE_NOT_FOUND'],
  example: { params: { name: 'orders' } },
});

export const UpdateTopic = defineRoute({
  id: 'topic.update',
  method: 'PUT',
  path: '/api/v1/mq/queues/{name}',
  tag: 'Topics',
  summary: 'Replace the settings of a topic. What is left out gets its default.',
  description: 'Send If-Match with the ETag that you read; without it the update is refused with 428.',
  access: { kind: 'scope', scope: 'admin' },
  params: byName,
  body: z.object(topicSettings).strict().meta({ id: 'TopicSettings' }),
  response: topicDetail,
  errors: ['MQ_QUEUE_NOT_FOUND', 'MQ_VERSION_CONFLICT', 'MQ_VERSION_REQUIRED', 'MQ_PARTITIONS_CANNOT_SHRINK', 'MQ_DURABILITY_FIXED', 'MQ_SCHEMA_INVALID', 'MQ_SYSTEM_TOPIC'],
  example: { params: { name: 'orders' }, headers: { 'if-match': '"1"' }, body: { displayName: 'Orders', partitionCount: 2 } },
});

export const DeleteTopic = defineRoute({
  id: 'topic.delete',
  method: 'DELETE',
  path: '/api/v1/mq/queues/{name}',
  tag: 'Topics',
  summary: 'Delete a topic and its messages; with subscriptions only with ?force=true.',
  access: { kind: 'scope', scope: 'admin' },
  params: byName,
  query: z.object({ force: z.enum(['true', 'false']).default('false') }),
  response: z.object({ deletedMessages: z.number().int(), deletedSubscriptions: z.number().int() }),
  errors: ['MQ_QUEUE_NOT_FOUND', 'MQ_QUEUE_HAS_SUBSCRIPTIONS', 'MQ_SYSTEM_TOPIC'],
  example: { params: { name: 'orders' }, query: { force: 'true' } },
});

export const PurgeTopic = defineRoute({
  id: 'topic.purge',
  method: 'POST',
  path: '/api/v1/mq/queues/{name}/purge',
  tag: 'Topics',
  summary: 'Drop all messages that a topic holds now; subscriptions go on with what is published from here on.',
  access: { kind: 'scope', scope: 'admin' },
  params: byName,
  response: z.object({ purgedMessages: z.number().int() }),
  errors: ['MQ_QUEUE_NOT_FOUND', 'MQ_SYSTEM_TOPIC'],
  isIdempotent: true,
  example: { params: { name: 'orders' } },
});
