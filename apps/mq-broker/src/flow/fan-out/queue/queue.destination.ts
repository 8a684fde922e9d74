import { catalogue } from '@angarium/contracts';
import { AngariumError, describeError } from '@angarium/errors';
import type { QueueService } from '@angarium/queues';
import { SYSTEM_TENANT_ID } from '../../../catalog/topics/topic-cache.js';
import type { Destination, DeliveryAttempt, DeliveryOutcome } from '../destination.js';

/** Redis being away is not waited for with a slot in hand: the delivery is tried again. */
const ADD_TIMEOUT_MS = 5_000;

/**
 * Puts messages into a BullMQ queue, once each while the job is kept: the job's id comes from the message.
 * A tenant's queues begin with `mq-<tenant>-`; only the system's own subscriptions reach the queues of its workers,
 * and there the payload has to fit the job's contract.
 */
export class QueueDestination implements Destination {
  readonly type = 'queue';

  constructor(private readonly queues: QueueService) {}

  async deliver({ subscription, message, redrives }: DeliveryAttempt): Promise<DeliveryOutcome> {
    const { destination } = subscription;
    if (destination.type !== 'queue') throw new TypeError(`subscription ${subscription.id} is no queue`);
    const jobId = `mq-${subscription.id}-${message.messageId}${redrives > 0 ? `-${redrives}` : ''}`;
    const contract = catalogue.jobs.find(({ queue, name }) => queue === destination.queue && name === destination.jobName);
    const payload = JSON.parse(message.payload) as object;
    const adding =
      subscription.tenantId === SYSTEM_TENANT_ID && contract !== undefined
        ? this.queues.add(contract, payload, { idempotencyKey: jobId })
        : this.queues.bridge(destination.queue, destination.jobName, dataOf(subscription.topicName, message, payload), jobId);
    try {
      await inTime(adding);
      return { kind: 'delivered' };
    } catch (error) {
      if (error instanceof AngariumError && error.retry === 'never') return { kind: 'aborted', reason: describeError(error) };
      return { kind: 'failed', reason: describeError(error) };
    }
  }
}

function dataOf(topic: string, { messageId, type, key, headers, publishedAt, correlationId }: DeliveryAttempt['message'], payload: unknown): object {
  return { messageId, topic, type, key, headers: JSON.parse(headers) as object, correlationId, publishedAt: publishedAt.toISOString(), payload };
}

async function inTime(work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`Redis did not take the job within ${ADD_TIMEOUT_MS} ms`)), ADD_TIMEOUT_MS);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
