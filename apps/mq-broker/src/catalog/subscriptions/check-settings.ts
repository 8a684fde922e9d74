import type { TenantCaller } from '@angarium/auth';
import { queueNames, type BodyOf } from '@angarium/contracts';
import type { Destination, RetryPolicy, UpdateSubscription } from '@angarium/contracts/broker-api';
import type { SqlRunner } from '@angarium/database';
import { checkTarget, type TargetOptions } from '@angarium/egress';
import { MqErrors } from '../../errors.js';
import { filterSchema } from '../../flow/fan-out/match-filter.js';
import { DEFAULT_WEBHOOK_RETRY } from '../../flow/settle/retry-policy.js';
import { invalidField } from '../invalid-field.js';
import { topicNotFound } from '../topics/require-own-topic.js';
import { SYSTEM_TENANT_ID } from '../topics/topic-cache.js';
import type { TopicRow } from '../topics/topic-row.js';
import { findTopic } from '../topics/topic.repository.js';
import { isQueueOfOther, type CheckedSettings } from './subscription.repository.js';

export type SubscriptionSettings = BodyOf<typeof UpdateSubscription>;

const DEFAULT_RETRY: RetryPolicy = { kind: 'exponential', firstMs: 1_000, factor: 2, maxMs: 300_000, jitterPercent: 20 };
/** As in the contract: what is stored may be sent back by PUT. */
const MAX_QUEUE_NAME_LENGTH = 100;

export interface SettingsCheck {
  readonly caller: TenantCaller;
  readonly topic: Pick<TopicRow, 'id' | 'tenant_id'>;
  readonly settings: SubscriptionSettings;
  /** Which URLs webhooks may have. */
  readonly targets: TargetOptions;
}

/**
 * Checks what the contract cannot: the filter, the destination, the topic for what is given up; and fills in what was left out.
 * @throws MQ_FILTER_INVALID, EGRESS_TARGET_REFUSED, MQ_QUEUE_NOT_FOUND, INVALID_INPUT
 */
export async function checkSettings(tx: SqlRunner, { caller, topic, settings, targets }: SettingsCheck): Promise<CheckedSettings> {
  if (settings.filter !== null) checkFilter(settings.filter);
  const destination = await checkDestination(tx, caller, settings.destination, targets);
  if (settings.deadLetterTopic !== null) await checkDeadLetterTopic(tx, caller, topic, settings.deadLetterTopic);
  return { ...settings, destination, retry: settings.retry ?? (destination.type === 'webhook' ? DEFAULT_WEBHOOK_RETRY_POLICY : DEFAULT_RETRY) };
}

// the same policy by the contract's type, whose lists may be changed
const DEFAULT_WEBHOOK_RETRY_POLICY = DEFAULT_WEBHOOK_RETRY;

function checkFilter(filter: Readonly<Record<string, unknown>>): void {
  const { error } = filterSchema.safeParse(filter);
  if (!error) return;
  const faults = error.issues.map(({ path, message }) => ({ path: ['filter', ...path].map(String).join('.'), message }));
  throw MqErrors.MQ_FILTER_INVALID(`The filter cannot be used: ${faults.map(({ message }) => message).join('; ')}`, { details: { faults } });
}

async function checkDestination(tx: SqlRunner, caller: TenantCaller, destination: Destination, targets: TargetOptions): Promise<Destination> {
  if (destination.type === 'webhook') checkTarget(destination.url, targets);
  if (destination.type !== 'queue') return destination;
  return { ...destination, queue: await queueFor(tx, caller, destination.queue) };
}

/** The queues of this system are for itself; everybody else has a namespace, and writing its prefix or not is the same. */
async function queueFor(tx: SqlRunner, caller: TenantCaller, name: string): Promise<string> {
  if (caller.tenantId === SYSTEM_TENANT_ID) {
    if ((queueNames as readonly string[]).includes(name)) return name;
    throw invalidField('destination.queue', `is no queue of this system; there are ${queueNames.join(', ')}`);
  }
  const prefix = `mq-${caller.tenantName.toLowerCase().replace(/[^a-z0-9-]/g, '-')}-`;
  const queue = name.startsWith(prefix) ? name : `${prefix}${name}`;
  if (queue.length > MAX_QUEUE_NAME_LENGTH) throw invalidField('destination.queue', `is ${queue} in full, longer than ${MAX_QUEUE_NAME_LENGTH} characters; choose a shorter name`);
  // the names of two tenants may make one prefix the beginning of the other
  if (await isQueueOfOther(tx, caller.tenantId, queue)) throw invalidField('destination.queue', 'cannot be used; choose another name');
  return queue;
}

async function checkDeadLetterTopic(tx: SqlRunner, { tenantId }: TenantCaller, topic: SettingsCheck['topic'], name: string): Promise<void> {
  const target = await findTopic(tx, tenantId, name);
  if (target?.tenant_id !== tenantId) throw topicNotFound(name);
  if (target.id === topic.id) throw invalidField('deadLetterTopic', 'is the topic of the subscription itself, which would get its own failures again; name another one');
}
