import type { Sql } from '@angarium/database';
import { runOutside, type Logger } from '@angarium/observability';
import type { Subscription } from '../../catalog/subscriptions/subscription.js';
import type { BrokerMessage } from '../broker-message.js';
import type { Epoch } from '../drain/epoch.js';
import { rebuildStream } from '../drain/rebuild-stream.js';
import type { PartitionStreams } from '../partition-streams.js';
import type { RecordRepository } from '../record.repository.js';

/** Placing a group may meet a stream that is being rebuilt or trimmed at the same time; then it looks again. */
const PLACE_TRIES = 5;
/** Groups that are made within so long are told of in one line: after Redis lost everything each subscription gets its own again. */
const TELL_AFTER_MS = 1_000;

/** Takes new messages of a subscription from the stream of a partition, and makes its consumer group where it is missing. */
export class ReadStream {
  private readonly untold = { subscriptions: new Set<string>(), groupCount: 0 };

  constructor(
    private readonly streams: PartitionStreams,
    private readonly records: RecordRepository,
    private readonly epoch: Epoch,
    private readonly sql: Sql,
    private readonly logger: Logger,
    /** Who takes them: for pushing, this replica. */
    private readonly consumer: string,
  ) {}

  /** The next messages, at most `count`, without waiting. @throws REDIS_UNAVAILABLE; DATABASE_UNAVAILABLE where the group has to be made. */
  async next(subscription: Subscription, partition: number, count: number, consumer = this.consumer): Promise<BrokerMessage[]> {
    const at = { topicId: subscription.topicId, partition };
    for (let tries = 0; tries < PLACE_TRIES; tries++) {
      const messages = await this.streams.readNew(at, subscription.id, consumer, count);
      if (messages !== undefined) return messages;
      // a missing group may mean that Redis lost everything: receipts of the life before are worth nothing any more
      await this.epoch.refresh();
      if (!(await this.placeGroup(subscription, partition))) return [];
    }
    return [];
  }

  /** Makes the group behind what is settled. What the stream has no more is left to a feed from the record. @returns false where the subscription is gone. */
  private async placeGroup({ id, topicId }: Subscription, partition: number): Promise<boolean> {
    const at = { topicId, partition };
    const [cursor] = await this.sql.query<{ settled_offset: string }>(
      `SELECT c.settled_offset FROM broker.subscription_cursors c JOIN broker.message_subscriptions s ON s.id = c.subscription_id
       WHERE c.subscription_id = $1 AND c.partition_id = $2 AND NOT s.is_ordered`,
      [id, partition],
    );
    if (cursor === undefined) return false;
    const settled = Number(cursor.settled_offset);
    const placed = await this.streams.placeGroup(at, id, settled);
    if (placed === 'missing') await rebuildStream(at, { streams: this.streams, records: this.records, logger: this.logger });
    else if (placed !== 'ok') await this.feedGap(id, partition, settled, placed - 1);
    else {
      this.logger.debug({ subscriptionId: id, partition, settled }, 'a subscription reads its stream from here on');
      this.tellLater(id);
    }
    return true;
  }

  private tellLater(subscriptionId: string): void {
    const { untold } = this;
    untold.subscriptions.add(subscriptionId);
    // who asked first may be a request; the line is about all
    if (untold.groupCount++ === 0) runOutside(() => setTimeout(() => this.tell(), TELL_AFTER_MS).unref());
  }

  private tell(): void {
    const { subscriptions, groupCount } = this.untold;
    this.logger.info({ subscriptionCount: subscriptions.size, groupCount }, 'subscriptions read their streams from where they had settled');
    subscriptions.clear();
    this.untold.groupCount = 0;
  }

  /** The cursor moves and the feed is there, or neither. */
  private async feedGap(subscriptionId: string, partition: number, settled: number, until: number): Promise<void> {
    await this.sql.transaction(async (tx) => {
      const moved = await tx.execute(
        'UPDATE broker.subscription_cursors SET settled_offset = $4 WHERE subscription_id = $1 AND partition_id = $2 AND settled_offset = $3',
        [subscriptionId, partition, settled, until],
      );
      if (moved === 0) return;
      await tx.execute(`INSERT INTO broker.delivery_feeds (subscription_id, partition_id, kind, next_offset, until_offset) VALUES ($1, $2, 'gap', $3, $4)`, [
        ...[subscriptionId, partition, settled + 1, until],
      ]);
    });
    this.logger.info({ subscriptionId, partition, from: settled + 1, until }, 'what the stream has no more is delivered from the record');
  }
}
