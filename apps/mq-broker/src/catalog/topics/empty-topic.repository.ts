import type { SqlRunner } from '@angarium/database';
import type { TopicRow } from './topic-row.js';

/** So that each statement stays far below the limit on its time, however much there is. */
const CHUNK_ROWS = 10_000;

/**
 * Deletes deliveries in chunks: all of these subscriptions, or those with one of the states.
 * Rows of the state `delivered` are left out at a purge: they keep a late failure from bringing a message back.
 * @returns how many.
 */
export async function deleteDeliveries(tx: SqlRunner, subscriptionIds: readonly string[], states: readonly string[] | null = null): Promise<number> {
  if (subscriptionIds.length === 0) return 0;
  for (let total = 0; ; ) {
    const count = await tx.execute(
      `DELETE FROM broker.deliveries WHERE id = ANY(ARRAY(
         SELECT d.id FROM broker.deliveries d WHERE d.subscription_id = ANY($1::uuid[]) AND ($2::text[] IS NULL OR d.status = ANY($2)) LIMIT $3))`,
      [subscriptionIds, states, CHUNK_ROWS],
    );
    total += count;
    if (count < CHUNK_ROWS) return total;
  }
}

/** Closes the log of a topic up to here. Waits for the batches that are being committed, and holds up those that follow until the transaction ends. @returns how many messages it held. */
export async function moveFirstOffsets(tx: SqlRunner, topicId: string): Promise<number> {
  const [row] = await tx.query<{ readonly count: string }>(
    `WITH held AS (SELECT topic_id, partition_id, first_offset, next_offset FROM broker.topic_partitions WHERE topic_id = $1 ORDER BY partition_id FOR UPDATE),
       moved AS (UPDATE broker.topic_partitions p SET first_offset = p.next_offset FROM held h WHERE p.topic_id = h.topic_id AND p.partition_id = h.partition_id)
     SELECT coalesce(sum(next_offset - first_offset), 0) AS count FROM held`,
    [topicId],
  );
  // what is remembered of its subscriptions is read again also where the signal is lost
  await tx.execute('UPDATE broker.message_topics SET updated_at = clock_timestamp() WHERE id = $1', [topicId]);
  return Number(row?.count ?? 0);
}

/**
 * Sends every subscription of a topic to the end of its log. Feeds before cursors, as those who turn feeds into deliveries lock them:
 * the other way round the two could wait for each other. Nothing is fed when it returns, until the transaction ends.
 */
export async function skipToEnd(tx: SqlRunner, topicId: string): Promise<void> {
  await tx.execute(`DELETE FROM broker.delivery_feeds f USING broker.message_subscriptions s WHERE s.topic_id = $1 AND f.subscription_id = s.id AND f.kind <> 'order'`, [topicId]);
  // an ordered subscription follows the log for ever: its feed is all that it has
  await tx.execute(
    `UPDATE broker.delivery_feeds f SET next_offset = greatest(f.next_offset, p.next_offset)
     FROM broker.message_subscriptions s JOIN broker.topic_partitions p ON p.topic_id = s.topic_id
     WHERE s.topic_id = $1 AND f.subscription_id = s.id AND f.partition_id = p.partition_id`,
    [topicId],
  );
  await tx.execute(
    `UPDATE broker.subscription_cursors c SET settled_offset = greatest(c.settled_offset, p.next_offset - 1)
     FROM broker.message_subscriptions s JOIN broker.topic_partitions p ON p.topic_id = s.topic_id
     WHERE s.topic_id = $1 AND c.subscription_id = s.id AND c.partition_id = p.partition_id`,
    [topicId],
  );
}

/** Removes all that subscriptions owe and were to owe. Waits for feeds that are being turned into deliveries, so nothing comes after it. */
export async function abandonDeliveries(tx: SqlRunner, subscriptionIds: readonly string[]): Promise<void> {
  await tx.execute('DELETE FROM broker.delivery_feeds WHERE subscription_id = ANY($1::uuid[])', [subscriptionIds]);
  await deleteDeliveries(tx, subscriptionIds);
}

/** Removes the topic with its partitions and subscriptions; waits for batches that are being committed. Its records go with their days. @returns how many messages it held. */
export async function deleteTopic(tx: SqlRunner, topic: TopicRow): Promise<number> {
  const count = await moveFirstOffsets(tx, topic.id);
  await tx.execute('DELETE FROM broker.message_topics WHERE id = $1', [topic.id]);
  return count;
}
