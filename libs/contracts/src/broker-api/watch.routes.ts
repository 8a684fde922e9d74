import { z } from 'zod';
import { defineRoute } from '../route.js';
import { pageOf, pageQuery, timestamp, topicName } from './shared.js';

const count = z.number().int().min(0);
const perSecond = z.number().min(0);
const latencyMs = z.number().min(0);

/** Counts above this are not told exactly: reading metrics costs the same whatever is waiting. */
export const MAX_COUNTED = 10_000;

export const messageQueueMetrics = z
  .object({
    redisStreams: z.object({
      totalStreams: count.describe('Partitions of your topics: each is one stream.'),
      totalConsumerGroups: count.describe('Your subscriptions: each is one group of its topic.'),
      totalMessages: count.describe('Messages that your topics hold for reading and replay.'),
      pendingMessages: count.describe('Deliveries that were given to a consumer, or wait for another attempt, and are not settled.'),
    }),
    consumers: z.object({
      activeConsumers: count.describe('Your subscriptions with status active.'),
      totalLag: count.describe(`Deliveries that are still owed, over all your subscriptions. Of what was tried before, up to ${MAX_COUNTED} per subscription are counted.`),
      processingRate: perSecond.describe('Deliveries that succeeded, per second, over the last 5 minutes.'),
      errorRate: z.number().min(0).max(1).describe('Share of the attempts of the last 5 minutes that failed.'),
    }),
    performance: z.object({
      averageLatency: latencyMs.describe('From publish to delivery, in milliseconds, over the last 5 minutes; so are the percentiles, to within 5 %.'),
      p95Latency: latencyMs,
      p99Latency: latencyMs,
      throughput: perSecond.describe('Messages published per second, over the last 5 minutes.'),
    }),
  })
  .meta({ id: 'MessageQueueMetrics' });
export type MessageQueueMetrics = z.output<typeof messageQueueMetrics>;

const rates = z.object({ delivered: perSecond, failed: perSecond, retried: perSecond, dead: perSecond, skipped: perSecond }).describe('Per second, over the last 5 minutes.');
const owed = {
  lag: count.describe('Deliveries that are still owed.'),
  waiting: count.describe(`Of these, what failed or was redriven or replayed and waits for its next attempt. Counted up to ${MAX_COUNTED} per subscription.`),
  inFlight: count.describe('Of these, what was given to a consumer and is not settled.'),
  dead: count.describe(`Dead letters. Counted up to ${MAX_COUNTED} per subscription.`),
  oldestUnsettledAgeMs: z.number().min(0).nullable().describe('Age of the oldest message that is still owed; null where nothing is. What is replayed ages from when that was asked for. A lower bound while Redis is away.'),
};

export const topicMetrics = z
  .object({
    topicId: z.uuid(),
    topic: z.string(),
    status: z.string(),
    partitionCount: count,
    messages: count.describe('That the topic holds.'),
    subscriptionCount: count.describe('Of all tenants.'),
    slowestLag: count.describe('Of the subscription that owes the most: what maxQueueLength is compared with.'),
    ...owed,
    rates: rates.extend({ published: perSecond }),
  })
  .meta({ id: 'TopicMetrics' });
export type TopicMetrics = z.output<typeof topicMetrics>;

export const consumerMetrics = z
  .object({
    subscriptionId: z.uuid(),
    topicId: z.uuid(),
    topic: z.string(),
    group: z.string(),
    name: z.string(),
    destination: z.string(),
    status: z.string(),
    breaker: z.string(),
    ...owed,
    rates,
  })
  .meta({ id: 'ConsumerMetrics' });
export type ConsumerMetrics = z.output<typeof consumerMetrics>;

export const GetMetrics = defineRoute({
  id: 'metrics.get',
  method: 'GET',
  path: '/api/v1/mq/metrics',
  tag: 'Watching',
  summary: 'Show what your tenant holds, owes and does, over all replicas.',
  description: 'Rates and latencies cover the last 5 minutes; those of other replicas are at most 10 seconds old.',
  access: { kind: 'any-scope' },
  response: messageQueueMetrics,
});

export const GetTopicMetrics = defineRoute({
  id: 'metrics.topics',
  method: 'GET',
  path: '/api/v1/mq/metrics/topics',
  tag: 'Watching',
  summary: 'Show the figures of each of your topics, by name.',
  access: { kind: 'any-scope' },
  query: z.object({ ...pageQuery, prefix: z.string().max(200).optional().describe('Names that begin with this.') }),
  response: pageOf(topicMetrics),
  example: { query: { limit: '10' } },
});

export const GetConsumerMetrics = defineRoute({
  id: 'metrics.consumers',
  method: 'GET',
  path: '/api/v1/mq/metrics/consumers',
  tag: 'Watching',
  summary: 'Show the figures of each of your subscriptions.',
  access: { kind: 'any-scope' },
  query: z.object({ ...pageQuery, topic: topicName.optional().describe('Only subscriptions of topics with this name.') }),
  response: pageOf(consumerMetrics),
  example: { query: { limit: '10' } },
});

const upOrDown = z.enum(['up', 'down']);

export const GetHealth = defineRoute({
  id: 'health.get',
  method: 'GET',
  path: '/api/v1/mq/health',
  tag: 'Watching',
  summary: 'Tell what the broker depends on and whether it is there; 503 UNAVAILABLE with the same facts in details when it is not ready.',
  access: { kind: 'any-scope' },
  response: z.object({ status: z.literal('ok'), checks: z.record(z.string(), upOrDown) }).meta({ id: 'Health' }),
  errors: ['UNAVAILABLE'],
});

export const GetStatus = defineRoute({
  id: 'status.get',
  method: 'GET',
  path: '/api/v1/mq/status',
  tag: 'Watching',
  summary: 'Show which replica answers, for how long it has been up, and what your tenant has.',
  access: { kind: 'any-scope' },
  response: z
    .object({
      service: z.string(),
      version: z.string(),
      instance: z.string().describe('The replica that answers.'),
      startedAt: timestamp,
      uptimeMs: count,
      replicas: count.nullable().describe('How many replicas were heard of in the last 30 seconds; null while Redis is away.'),
      counts: z.object({ topics: count, partitions: count, messages: count, subscriptions: count, activeSubscriptions: count }),
      rates: rates.extend({ published: perSecond }),
    })
    .meta({ id: 'Status' }),
});
