import type { Sql } from '@angarium/database';
import type { Logger } from '@angarium/observability';
import { Loop } from '../loop.js';
import type { PartitionStreams } from '../partition-streams.js';

const TRIM_MS = 2_000;

/**
 * Removes from the streams what every subscription has settled, and nothing else: the record keeps it for replays.
 * The floor comes from the cursors in Postgres, which are never ahead of what is settled. One pass: one query, and a trim of each
 * partition whose floor moved.
 */
export class TrimStreams {
  private readonly trimmed = new Map<string, number>();
  private readonly loop: Loop;

  constructor(
    private readonly sql: Sql,
    private readonly streams: PartitionStreams,
    private readonly onTopicGone: (topicId: string) => void,
    logger: Logger,
  ) {
    this.loop = new Loop({ name: 'trim-streams', everyMs: TRIM_MS, logger, pass: () => this.trimOnce() });
  }

  start(): void {
    this.loop.start();
  }

  kick(): void {
    this.loop.kick();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  async trimOnce(): Promise<void> {
    const rows = await this.sql.query<{ topic_id: string; partition_id: number; floor: string }>(
      `SELECT p.topic_id, p.partition_id, least(p.next_offset - 1, coalesce(min(c.settled_offset), p.next_offset - 1)) AS floor
       FROM broker.topic_partitions p
         LEFT JOIN broker.message_subscriptions s ON s.topic_id = p.topic_id AND NOT s.is_ordered
         LEFT JOIN broker.subscription_cursors c ON c.subscription_id = s.id AND c.partition_id = p.partition_id
       GROUP BY p.topic_id, p.partition_id`,
      [],
      'trim-floors',
    );
    await this.removeGone(rows.map(({ topic_id: topicId, partition_id: partition }) => `${topicId}/${partition}`));
    for (const { topic_id: topicId, partition_id: partition, floor } of rows) {
      const name = `${topicId}/${partition}`;
      const until = Number(floor);
      const from = this.trimmed.get(name) ?? ((await this.streams.oldest({ topicId, partition })) ?? until + 1) - 1;
      if (until > from) await this.streams.trim({ topicId, partition }, from, until);
      this.trimmed.set(name, Math.max(from, until));
    }
  }

  /** Topics that were there at the last pass and are no more: their streams go, too. */
  private async removeGone(there: readonly string[]): Promise<void> {
    const left = new Set(there);
    for (const name of this.trimmed.keys()) {
      if (left.has(name)) continue;
      const [topicId = '', partition] = name.split('/');
      await this.streams.remove({ topicId, partition: Number(partition) });
      this.trimmed.delete(name);
      this.onTopicGone(topicId);
    }
  }
}
