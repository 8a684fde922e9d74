import { z } from 'zod';
import { topicName } from './shared.js';

/** Names a subscription in a path. */
export const byId = z.object({ id: z.uuid() });
/** What routes of a subscription answer with where there is none. */
export const notFound = 'MQ_SUBSCRIPTION_NOT_FOUND';

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
/** A pause, in milliseconds. */
export const delayMs = z.number().int().min(0).max(MAX_RETRY_DELAY_MS);
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

/** What may be changed of a subscription, except whether it is ordered. */
export const settings = {
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
