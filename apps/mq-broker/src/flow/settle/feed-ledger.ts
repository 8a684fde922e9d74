import type { Sql, SqlRunner } from '@angarium/database';
import type { Logger } from '@angarium/observability';
import { Loop } from '../loop.js';

const LOOK_MS = 250;
/** Rows that one pass makes for one feed. */
const CHUNK_COUNT = 500;
/** A subscription gets no more rows while it has so many waiting: a replay of a million does not become a million rows. */
const WAITING_LIMIT = 1_000;

interface FeedRow {
  readonly id: string;
  readonly subscription_id: string;
  readonly partition_id: number;
  readonly kind: 'replay' | 'gap' | 'order';
  readonly next_offset: string;
  readonly until_offset: string | null;
  readonly topic_id: string;
  readonly head: string;
  readonly first_offset: string;
}

/**
 * Turns stretches of the record into deliveries of the ledger, little by little: replays, what a stream has no more, and the whole
 * log of ordered subscriptions. One pass: every feed that has something to give and whose subscription has room gives one chunk,
 * in a transaction that holds the feed, so rows appear in the order of their offsets and once.
 */
export class FeedLedger {
  private readonly loop: Loop;

  constructor(
    private readonly sql: Sql,
    /** Deliveries were put into the ledger that are due at once. */
    private readonly onFed: (subscriptionId: string) => void,
    private readonly logger: Logger,
  ) {
    this.loop = new Loop({ name: 'feed-ledger', everyMs: LOOK_MS, logger, pass: () => this.feedOnce() });
  }

  start(): void {
    this.loop.start();
  }

  /** A topic with ordered subscriptions has something new. */
  kick(): void {
    this.loop.kick();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  /** @returns whether there is more to do at once. */
  async feedOnce(): Promise<boolean> {
    const hungry = await this.sql.query<{ id: string }>(
      `SELECT f.id FROM broker.delivery_feeds f JOIN broker.message_subscriptions s ON s.id = f.subscription_id
         JOIN broker.topic_partitions p ON p.topic_id = s.topic_id AND p.partition_id = f.partition_id
       WHERE s.status = 'active' AND (f.next_offset < p.next_offset OR f.next_offset > f.until_offset)
       ORDER BY f.created_at LIMIT 200`,
      [],
      'hungry-feeds',
    );
    let isMore = false;
    for (const { id } of hungry) isMore = (await this.feed(id)) || isMore;
    return isMore;
  }

  private feed(id: string): Promise<boolean> {
    return this.sql.transaction(async (tx) => {
      const [feed] = await tx.query<FeedRow>(
        `SELECT f.*, s.topic_id, p.next_offset - 1 AS head, p.first_offset FROM broker.delivery_feeds f JOIN broker.message_subscriptions s ON s.id = f.subscription_id
           JOIN broker.topic_partitions p ON p.topic_id = s.topic_id AND p.partition_id = f.partition_id
         WHERE f.id = $1 FOR UPDATE OF f SKIP LOCKED`,
        [id],
        'lock-feed',
      );
      if (feed === undefined) return false;
      const from = Math.max(Number(feed.next_offset), Number(feed.first_offset));
      const until = Math.min(Number(feed.head), feed.until_offset === null ? Number.POSITIVE_INFINITY : Number(feed.until_offset));
      const [waiting] = await tx.query<{ count: string }>(
        `SELECT count(*) AS count FROM (SELECT FROM broker.deliveries WHERE subscription_id = $1 AND status = 'waiting' LIMIT $2) AS room`,
        [feed.subscription_id, WAITING_LIMIT],
        'feed-room',
      );
      const room = WAITING_LIMIT - Number(waiting?.count ?? 0);
      if (room <= 0) return false;
      const last = from > until ? until : await this.give(tx, feed, from, until, Math.min(room, CHUNK_COUNT));
      const isEnded = feed.until_offset !== null && last >= Number(feed.until_offset);
      if (isEnded) await tx.execute('DELETE FROM broker.delivery_feeds WHERE id = $1', [id]);
      else await tx.execute('UPDATE broker.delivery_feeds SET next_offset = $2 WHERE id = $1', [id, last + 1], 'advance-feed');
      if (feed.kind === 'order') await this.moveCursor(tx, feed, last);
      if (isEnded) this.logger.info({ subscriptionId: feed.subscription_id, partition: feed.partition_id, kind: feed.kind }, 'a feed has given everything');
      this.onFed(feed.subscription_id);
      return last < until;
    });
  }

  /** @returns the last offset that was dealt with. */
  private async give(tx: SqlRunner, feed: FeedRow, from: number, until: number, count: number): Promise<number> {
    // a replay delivers again what was settled or is dead; the others put there what never was
    const again = `DO UPDATE SET status = 'waiting', attempts = 0, next_attempt_at = now(), lease_token = NULL, lease_until = NULL, died_at = NULL, last_error = NULL,
      updated_at = now() WHERE deliveries.status NOT IN ('waiting', 'in_flight')`;
    const [given] = await tx.query<{ last: string | null; count: string }>(
      `WITH chunk AS (
         SELECT * FROM broker.message_records WHERE topic_id = $1 AND partition_id = $2 AND offset_value BETWEEN $3 AND $4 ORDER BY offset_value LIMIT $5
       ), given AS (
         INSERT INTO broker.deliveries (subscription_id, topic_id, partition_id, offset_value, published_at, message_id, message_key, tenant_id)
         SELECT $6, topic_id, partition_id, offset_value, published_at, message_id, message_key, (SELECT tenant_id FROM broker.message_subscriptions WHERE id = $6)
         FROM chunk ORDER BY offset_value
         ON CONFLICT (subscription_id, partition_id, offset_value) ${feed.kind === 'replay' ? again : 'DO NOTHING'})
       SELECT max(offset_value) AS last, count(*) AS count FROM chunk`,
      [feed.topic_id, feed.partition_id, from, until, count, feed.subscription_id],
      `feed-${feed.kind}`,
    );
    // fewer than asked for: the rest of the stretch has no records any more
    return Number(given?.count ?? 0) < count ? until : Number(given?.last ?? until);
  }

  /** For an ordered subscription everything that has a row counts as settled in the cursor's sense. */
  private async moveCursor(tx: SqlRunner, feed: FeedRow, last: number): Promise<void> {
    await tx.execute(
      'UPDATE broker.subscription_cursors SET settled_offset = greatest(settled_offset, $3) WHERE subscription_id = $1 AND partition_id = $2',
      [feed.subscription_id, feed.partition_id, last],
      'move-ordered-cursor',
    );
  }
}
