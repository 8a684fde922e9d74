import type { Sql } from '@angarium/database';
import { ignoreError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import type { Subscription } from '../../catalog/subscriptions/subscription.js';
import type { TopicCache } from '../../catalog/topics/topic-cache.js';
import { choosePartition } from '../accept/choose-partition.js';
import { makeId } from '../accept/make-id.js';
import type { BrokerMessage } from '../broker-message.js';
import type { CommitLane } from '../commit/commit-lane.js';
import type { RecordRepository } from '../record.repository.js';
import type { KeepsMessages } from './settle-delivery.js';

/** A copy is known under its id for so long: longer than anybody tries to settle one delivery. */
const DEAD_DEDUP_MS = 86_400_000;

/** Records of messages that were not recorded, and copies of dead letters in the topic that a subscription names for them. */
export class KeepMessages implements KeepsMessages {
  constructor(
    private readonly sql: Sql,
    private readonly records: RecordRepository,
    private readonly topics: TopicCache,
    private readonly commits: CommitLane,
    private readonly logger: Logger,
  ) {}

  ensureRecorded(message: BrokerMessage): Promise<void> {
    return this.sql.transaction((tx) => this.records.record(tx, [message]));
  }

  async publishDead(subscription: Subscription, message: BrokerMessage, reason: string, redrives: number): Promise<void> {
    if (subscription.deadLetterTopic === null) return;
    const topic = await this.topics.find(subscription.tenantId, subscription.deadLetterTopic);
    if (topic === undefined) {
      // it was deleted; the dead letter itself is kept all the same
      ignoreError(this.logger, 'keep-messages', 'the dead letter is kept by the subscription')(new Error(`no topic ${subscription.deadLetterTopic}`));
      return;
    }
    const recordId = makeId();
    const { key, type, correlationId, payload, contentType, traceparent } = message;
    const headers = { ...(JSON.parse(message.headers) as object), 'dead-letter-of': message.messageId, 'dead-letter-topic': subscription.topicName, 'dead-letter-reason': reason };
    await this.commits.commit([
      {
        ...{ topicId: topic.id, tenantId: topic.tenantId, recordId, messageId: `dead-${subscription.id}-${message.partition}-${message.offset}-${redrives}` },
        ...{ dedupWindowMs: DEAD_DEDUP_MS, key, type, correlationId, headers: JSON.stringify(headers), payload, payloadSize: Buffer.byteLength(payload) },
        ...{ contentType, scheduledAt: null, expiresAt: null, producer: 'mq-broker', traceparent },
        partition: choosePartition({ key, partitionCount: topic.partitionCount, spread: message.offset }),
      },
    ]);
  }
}
