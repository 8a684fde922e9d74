import { toArrayLiteral, type Sql } from '@angarium/database';
import type { Logger } from '@angarium/observability';
import type { SubscriptionCache } from '../../catalog/subscriptions/subscription-cache.js';
import { isPush, type Subscription } from '../../catalog/subscriptions/subscription.js';
import type { BrokerMessage } from '../broker-message.js';
import { Loop } from '../loop.js';
import type { PartitionId, PartitionStreams } from '../partition-streams.js';

const LOOK_MS = 1_000;
const TAKE_IDLE_COUNT = 200;

interface LaggingRow {
  readonly topic_id: string;
  readonly partition_id: number;
  readonly subscription_id: string;
  readonly settled_offset: string;
  readonly head: string;
}

export interface FollowGroupsOptions {
  readonly sql: Sql;
  readonly streams: PartitionStreams;
  readonly subscriptions: SubscriptionCache;
  /** Name under which idle entries are taken over. */
  readonly consumer: string;
  /** A pushed entry that nobody renewed for so long has lost its replica. */
  readonly leaseMs: number;
  /** Puts what was taken over into the ledger, and settles it in the stream. */
  readonly takeOver: (subscription: Subscription, at: PartitionId, messages: readonly BrokerMessage[]) => Promise<void>;
  /** The stream has something for this subscription that nobody took yet. */
  readonly onBehind: (subscription: Subscription, partition: number) => void;
  readonly logger: Logger;
}

/**
 * Looks after the consumer groups of subscriptions that are behind: writes down how far they have come, takes over what a dead
 * replica or a silent consumer had in hand, and wakes whoever should read. One pass: one query, and a look at each partition
 * with somebody behind. Any number of replicas may do it.
 */
export class FollowGroups {
  private readonly loop: Loop;
  private mayTakeOverAt = 0;

  constructor(private readonly options: FollowGroupsOptions) {
    this.loop = new Loop({ name: 'follow-groups', everyMs: LOOK_MS, logger: options.logger, pass: () => this.followOnce() });
  }

  start(): void {
    this.loop.start();
  }

  kick(): void {
    this.loop.kick();
  }

  /** Redis was away, and with it every heartbeat: whoever is alive gets this long to renew what it has in hand. */
  holdOff(ms: number): void {
    this.mayTakeOverAt = performance.now() + ms;
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  async followOnce(): Promise<void> {
    const rows = await this.options.sql.query<LaggingRow>(
      `SELECT p.topic_id, p.partition_id, c.subscription_id, c.settled_offset, p.next_offset - 1 AS head
       FROM broker.subscription_cursors c JOIN broker.message_subscriptions s ON s.id = c.subscription_id
         JOIN broker.topic_partitions p ON p.topic_id = s.topic_id AND p.partition_id = c.partition_id
       WHERE NOT s.is_ordered AND c.settled_offset < p.next_offset - 1`,
      [],
      'lagging-cursors',
    );
    const byPartition = new Map<string, LaggingRow[]>();
    for (const row of rows) {
      const name = `${row.topic_id}/${row.partition_id}`;
      byPartition.set(name, [...(byPartition.get(name) ?? []), row]);
    }
    const moved: { row: LaggingRow; settled: number }[] = [];
    for (const list of byPartition.values()) moved.push(...(await this.followPartition(list)));
    await this.moveCursors(moved);
  }

  private async followPartition(rows: readonly LaggingRow[]): Promise<{ row: LaggingRow; settled: number }[]> {
    const [first] = rows;
    if (first === undefined) return [];
    const at = { topicId: first.topic_id, partition: first.partition_id };
    const groups = await this.options.streams.groups(at);
    const moved: { row: LaggingRow; settled: number }[] = [];
    for (const row of rows) {
      const subscription = this.options.subscriptions.get(row.subscription_id);
      const group = groups.get(row.subscription_id);
      const settled = group === undefined ? 0 : group.oldestPending === undefined ? group.delivered : group.oldestPending - 1;
      if (settled > Number(row.settled_offset)) moved.push({ row, settled });
      if (subscription === undefined) continue;
      if (group !== undefined && group.pendingCount > 0 && performance.now() >= this.mayTakeOverAt) await this.takeOverIdle(subscription, at);
      if (group === undefined || group.delivered < Number(row.head)) this.options.onBehind(subscription, at.partition);
    }
    return moved;
  }

  private async takeOverIdle(subscription: Subscription, at: PartitionId): Promise<void> {
    const { streams, consumer, leaseMs, takeOver, logger } = this.options;
    const idleMs = isPush(subscription) ? leaseMs : subscription.ackTimeoutMs;
    const { messages, lost } = await streams.takeIdle(at, subscription.id, consumer, idleMs, TAKE_IDLE_COUNT);
    // trimmed only below what is settled, so this cannot be; said loudly if it is
    if (lost.length > 0) logger.error({ subscriptionId: subscription.id, partition: at.partition, offsets: lost.slice(0, 10) }, 'entries vanished from the stream before they were settled');
    if (messages.length > 0) await takeOver(subscription, at, messages);
  }

  private async moveCursors(moved: { row: LaggingRow; settled: number }[]): Promise<void> {
    if (moved.length === 0) return;
    // everybody locks them in this order
    moved.sort((a, b) => (cursorName(a.row) < cursorName(b.row) ? -1 : 1));
    await this.options.sql.query(
      `WITH x AS (SELECT * FROM unnest($1::uuid[], $2::int[], $3::bigint[]) AS x(s, p, o)), moved AS (
         UPDATE broker.subscription_cursors c SET settled_offset = greatest(c.settled_offset, x.o)
         FROM x WHERE c.subscription_id = x.s AND c.partition_id = x.p)
       UPDATE broker.message_subscriptions s SET last_consumed_at = now() FROM (SELECT DISTINCT s FROM x) AS which WHERE s.id = which.s`,
      [
        toArrayLiteral(moved.map(({ row }) => row.subscription_id)),
        toArrayLiteral(moved.map(({ row }) => row.partition_id)),
        toArrayLiteral(moved.map(({ settled }) => settled)),
      ],
      'move-cursors',
    );
  }
}

function cursorName(row: LaggingRow): string {
  return `${row.subscription_id}/${row.partition_id}`;
}
