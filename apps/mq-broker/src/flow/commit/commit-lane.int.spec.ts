import { openSql, type Sql } from '@angarium/database';
import { silentLogger } from '@angarium/observability';
import { stopAfterTests } from '@angarium/testing';
import { makeParts, newMessage, type Parts } from '../../testing/flow-bench/make-parts.js';
import { numbers } from '../../testing/flow-bench/start-flow-bench.js';
import { CommitLane } from './commit-lane.js';
import type { Committed, NewMessage } from './new-message.js';

let parts: Parts;
let heard: Committed[][];
beforeAll(async () => {
  parts = await makeParts();
});
beforeEach(() => (heard = []));
afterAll(() => parts.close());
stopAfterTests(); // below, as it stops Postgres

const laneOver = (sql: Sql = parts.sql, maxBatchCount = 1_000) => new CommitLane({ sql, logger: silentLogger, maxBatchCount, onCommitted: (stored) => heard.push([...stored]) });
const offsetsOf = (committed: readonly Committed[]) => committed.map(({ offset }) => offset);
/** The transaction that stored each record, by offset. */
const transactionsOf = (topicId: string) => parts.sql.query<{ tx: string }>('SELECT xmin::text AS tx FROM broker.message_records WHERE topic_id = $1 ORDER BY partition_id, offset_value', [topicId]);
const many = (topicId: string, count: number, more: (n: number) => Partial<NewMessage> = () => ({})) => numbers(1, count).map((n) => newMessage(topicId, more(n)));

describe('group commit', () => {
  it('publishes that come together share a transaction, and those that come meanwhile share the next', async () => {
    const topicId = await parts.topic();
    const lane = laneOver();
    const first = lane.commit([newMessage(topicId)]);
    const beside = lane.commit([newMessage(topicId)]);
    // the next turns of the event loop: the first batch is on its way
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    const later = numbers(1, 20).map(() => lane.commit([newMessage(topicId)]));
    const committed = (await Promise.all([first, beside, ...later])).flat();
    expect(offsetsOf(committed)).toEqual(numbers(1, 22));
    expect(new Set((await transactionsOf(topicId)).map(({ tx }) => tx)).size).toBe(2);
    expect(heard.map((batch) => batch.length)).toEqual([2, 20]);
  });

  it('a group that is published together is never split, and batches keep to their limit', async () => {
    const topicId = await parts.topic();
    const lane = laneOver(parts.sql, 10);
    const groups = await Promise.all([3, 8, 2, 25, 1].map((count) => lane.commit(many(topicId, count))));
    // two batches are under way at a time, so which of them is first is open
    for (const offsets of groups.map(offsetsOf)) expect(offsets).toEqual(numbers(offsets[0] ?? 0, (offsets[0] ?? 0) + offsets.length - 1));
    expect(groups.flatMap(offsetsOf).sort((a, b) => a - b)).toEqual(numbers(1, 39));
    expect(heard.map((batch) => batch.length).sort((a, b) => a - b)).toEqual([1, 3, 10, 25]);
  });

  it('a batch ends before its payloads get larger than 4 MiB', async () => {
    const topicId = await parts.topic();
    const lane = laneOver();
    const payload = JSON.stringify('x'.repeat(1_500_000));
    await Promise.all(numbers(1, 5).map(() => lane.commit([newMessage(topicId, { payload })])));
    expect(heard.map((batch) => batch.length)).toEqual([2, 2, 1]);
  });

  it('one message that Postgres refuses does not refuse the others of its batch', async () => {
    const topicId = await parts.topic();
    const lane = laneOver();
    const good = [lane.commit([newMessage(topicId)]), lane.commit(many(topicId, 2))];
    const bad = lane.commit([newMessage(topicId, { payload: '{"broken' })]);
    const after = lane.commit([newMessage(topicId)]);
    await expect(bad).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    expect((await Promise.all([...good, after])).map(offsetsOf)).toEqual([[1], [2, 3], [4]]);
    expect(heard.flat()).toHaveLength(4);
    // and nothing is left behind of the bad one
    expect(await transactionsOf(topicId)).toHaveLength(4);
  });

  it('while Postgres is away everybody is refused with the cure, nothing is numbered, and nobody is told of a message', async () => {
    const topicId = await parts.topic();
    const away = openSql({ url: 'postgresql://nobody@127.0.0.1:1/none', logger: silentLogger, timeoutMs: 500 });
    const refused = laneOver(away);
    const outcomes = await Promise.allSettled([refused.commit([newMessage(topicId)]), refused.commit([newMessage(topicId)])]);
    expect(outcomes).toMatchObject([{ reason: { code: 'MQ_PUBLISH_FAILED', status: 503, retry: 'when-available' } }, { reason: { code: 'MQ_PUBLISH_FAILED' } }]);
    expect(heard).toEqual([]);
    await away.end();
    expect(offsetsOf(await laneOver().commit([newMessage(topicId)]))).toEqual([1]);
  });

  it('idle waits for what is being written', async () => {
    const topicId = await parts.topic();
    const lane = laneOver();
    let isDone = false;
    void lane.commit([newMessage(topicId)]).then(() => (isDone = true));
    await lane.idle();
    expect(heard).toHaveLength(1);
    await Promise.resolve();
    expect(isDone).toBe(true);
  });
});

describe('a message id', () => {
  it('that comes twice in a batch is stored once, and both are told the same place', async () => {
    const topicId = await parts.topic(2);
    const lane = laneOver();
    const [first, between, again] = await Promise.all([
      lane.commit([newMessage(topicId, { messageId: 'twice', dedupWindowMs: 60_000, partition: 1 })]),
      lane.commit([newMessage(topicId)]),
      lane.commit([newMessage(topicId, { messageId: 'twice', dedupWindowMs: 60_000, partition: 0 })]),
    ]);
    expect(first).toMatchObject([{ outcome: 'stored', partition: 1, offset: 1 }]);
    expect(again).toMatchObject([{ outcome: 'duplicate', partition: 1, offset: 1, publishedAt: first[0]!.publishedAt }]);
    expect(between).toMatchObject([{ outcome: 'stored', partition: 0, offset: 1 }]);
    expect(heard.flat()).toHaveLength(2);
  });

  it('that comes twice in one publish is stored once, without a second try for the others of the batch', async () => {
    const topicId = await parts.topic();
    const twice = newMessage(topicId, { messageId: 'twice', dedupWindowMs: 60_000 });
    const committed = await laneOver().commit([twice, newMessage(topicId), { ...twice }]);
    expect(committed.map(({ outcome, offset }) => [outcome, offset])).toEqual([['stored', 1], ['stored', 2], ['duplicate', 1]]);
    expect(heard).toHaveLength(1);
  });

  it('that was stored before is recognised within the window and stored anew after it; offsets have no gap', async () => {
    const topicId = await parts.topic();
    const lane = laneOver();
    const once = (more: Partial<NewMessage> = {}) => lane.commit([newMessage(topicId, { messageId: 'm', dedupWindowMs: 60_000, ...more })]);
    const [stored] = await once();
    expect(await once()).toMatchObject([{ outcome: 'duplicate', offset: 1, publishedAt: stored!.publishedAt }]);
    await parts.sql.execute(`UPDATE broker.message_dedup SET expires_at = now() - interval '1 second' WHERE topic_id = $1`, [topicId]);
    expect(await once()).toMatchObject([{ outcome: 'stored', offset: 2 }]);
    expect(await once()).toMatchObject([{ outcome: 'duplicate', offset: 2 }]);
  });

  it('is nobody else’s: the same id in another topic, or from a publisher that gave none, is another message', async () => {
    const [one, other] = [await parts.topic(), await parts.topic()];
    const lane = laneOver();
    const commit = (topicId: string, dedupWindowMs: number | null) => lane.commit([newMessage(topicId, { messageId: 'same', dedupWindowMs })]);
    const outcomes = (await Promise.all([commit(one, 60_000), commit(other, 60_000), commit(one, null)])).flat().map(({ outcome, offset }) => [outcome, offset]);
    expect(outcomes).toEqual([['stored', 1], ['stored', 1], ['stored', 2]]);
  });

  it('ten replicas that publish it at once store it once', async () => {
    const topicId = await parts.topic();
    const outcomes = await Promise.all(numbers(1, 10).map(() => laneOver().commit([newMessage(topicId, { messageId: 'raced', dedupWindowMs: 60_000 })])));
    expect(outcomes.flat().filter(({ outcome }) => outcome === 'stored')).toHaveLength(1);
    expect(new Set(offsetsOf(outcomes.flat()))).toEqual(new Set([1]));
    expect(await transactionsOf(topicId)).toHaveLength(1);
  });
});

describe('two replicas', () => {
  it('commit to the same partitions in opposite order: no deadlock, dense offsets, and time never runs against them', async () => {
    const topics = [await parts.topic(3), await parts.topic(3)];
    const lanes = [laneOver(), laneOver(openedBeside())];
    const rounds = numbers(1, 40).flatMap((round) =>
      lanes.map((lane, which) => {
        const spread = topics.flatMap((topicId) => numbers(0, 2).map((partition) => newMessage(topicId, { partition, messageId: `${which}-${round}-${partition}`, dedupWindowMs: 60_000 })));
        return lane.commit(which === 0 ? spread : spread.reverse());
      }),
    );
    const committed = (await Promise.all(rounds)).flat();
    expect(committed.every(({ outcome }) => outcome === 'stored')).toBe(true);
    for (const topicId of topics) {
      for (const partition of numbers(0, 2)) {
        const rows = await parts.sql.query<{ offset: number; at: Date }>(
          'SELECT offset_value::int AS offset, published_at AS at FROM broker.message_records WHERE topic_id = $1 AND partition_id = $2 ORDER BY offset_value',
          [topicId, partition],
        );
        expect(rows.map(({ offset }) => offset)).toEqual(numbers(1, 80));
        expect(rows.every(({ at }, nth) => nth === 0 || at.getTime() >= rows[nth - 1]!.at.getTime())).toBe(true);
      }
    }
    await Promise.all(opened.splice(0).map((it) => it.end()));
  });
});

const opened: Sql[] = [];
function openedBeside(): Sql {
  const sql = openSql({ url: parts.databaseUrl, logger: silentLogger, poolSize: 4 });
  opened.push(sql);
  return sql;
}

describe('a place that is not there', () => {
  it('a topic that was deleted meanwhile gets nothing, and the others of the batch are stored', async () => {
    const [gone, here] = [await parts.topic(), await parts.topic()];
    await parts.sql.execute('DELETE FROM broker.message_topics WHERE id = $1', [gone]);
    const lane = laneOver();
    const [lost, stored, lostAgain] = await Promise.all([
      lane.commit([newMessage(gone, { messageId: 'x', dedupWindowMs: 1_000 })]),
      lane.commit([newMessage(here)]),
      lane.commit([newMessage(gone, { messageId: 'x', dedupWindowMs: 1_000 })]),
    ]);
    expect([lost, stored, lostAgain].flat().map(({ outcome }) => outcome)).toEqual(['gone', 'stored', 'gone']);
    expect(heard.flat().map(({ message }) => message.topicId)).toEqual([here]);
  });

  it('a day without its table is made, and the publish does not notice', async () => {
    const topicId = await parts.topic();
    const [{ day } = { day: '' }] = await parts.sql.query<{ day: string }>(`SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD') AS day`);
    await parts.sql.execute(`DROP TABLE broker.message_records_${day}`);
    const lane = laneOver();
    expect(offsetsOf(await lane.commit([newMessage(topicId)]))).toEqual([1]);
    expect(await transactionsOf(topicId)).toHaveLength(1);
  });
});
