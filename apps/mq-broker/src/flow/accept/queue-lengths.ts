import type { Sql } from '@angarium/database';
import type { Logger } from '@angarium/observability';
import type { Topic } from '../../catalog/topics/topic.js';
import { MqErrors } from '../../errors.js';
import { Loop } from '../loop.js';

const LOOK_MS = 1_000;

/**
 * How many messages the slowest subscription of each topic has waiting, as of a second ago: what a publish is refused by.
 * One that was disabled, or that belongs to another tenant (of a public topic), holds up no publisher.
 * One pass: one query over partitions and cursors; it never counts messages.
 */
export class QueueLengths {
  private lengths = new Map<string, number>();
  private readonly loop: Loop;

  constructor(
    private readonly sql: Sql,
    private readonly maxQueueLength: number,
    logger: Logger,
  ) {
    this.loop = new Loop({ name: 'queue-lengths', everyMs: LOOK_MS, logger, pass: () => this.lookOnce() });
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  /** @throws MQ_QUEUE_FULL */
  check(topic: Topic): void {
    const limit = topic.maxQueueLength ?? this.maxQueueLength;
    const length = this.lengths.get(topic.id) ?? 0;
    if (length < limit) return;
    throw MqErrors.MQ_QUEUE_FULL(
      `The slowest subscription of ${topic.name} has ${length} messages waiting; the limit is ${limit}. Consume them, remove the subscription, or raise maxQueueLength.`,
      { details: { waiting: length, limit } },
    );
  }

  async lookOnce(): Promise<void> {
    const rows = await this.sql.query<{ topic_id: string; waiting: string }>(
      `SELECT topic_id, max(waiting) AS waiting FROM (
         SELECT p.topic_id, c.subscription_id, sum(p.next_offset - 1 - c.settled_offset) AS waiting
         FROM broker.message_subscriptions s JOIN broker.message_topics t ON t.id = s.topic_id AND t.tenant_id = s.tenant_id
           JOIN broker.subscription_cursors c ON c.subscription_id = s.id
           JOIN broker.topic_partitions p ON p.topic_id = s.topic_id AND p.partition_id = c.partition_id
         WHERE s.status IN ('active', 'paused')
         GROUP BY p.topic_id, c.subscription_id) AS each
       GROUP BY topic_id`,
      [],
      'queue-lengths',
    );
    this.lengths = new Map(rows.map(({ topic_id: id, waiting }) => [id, Number(waiting)]));
  }
}
