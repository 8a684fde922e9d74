import { silentLogger } from '@angarium/observability';
import { stopAfterTests, waitFor } from '@angarium/testing';
import { makeParts, newMessage, type Parts } from '../../testing/flow-bench/make-parts.js';
import { numbers } from '../../testing/flow-bench/start-flow-bench.js';
import { CommitLane } from './commit-lane.js';
import { dropOldDays, ensureDays } from './message-days.js';

let parts: Parts;
beforeAll(async () => {
  parts = await makeParts();
});
afterAll(() => parts.close());
stopAfterTests(); // below, as it stops Postgres

const DAY_MS = 86_400_000;
/** The names of days that a log has tables for, as YYYYMMDD, attached or not. */
const daysOf = async (log: string) => (await parts.sql.query<{ day: string }>(`SELECT right(relname, 8) AS day FROM pg_class WHERE relname ~ $1 AND relkind = 'r' ORDER BY 1`, [`^${log}_[0-9]{8}$`])).map(({ day }) => day);
const dayOf = (daysAgo: number) => new Date(Date.now() - daysAgo * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '');
const makeDay = (daysAgo: number) => parts.sql.execute(`SELECT broker.ensure_day((now() AT TIME ZONE 'UTC')::date - $1::int)`, [daysAgo]);
const retain = (topicId: string, days: number) => parts.sql.execute('UPDATE broker.message_topics SET retention_ms = $2 WHERE id = $1', [topicId, days * DAY_MS]);
/** Moves messages to another day, as if they had been published then. */
const age = (topicId: string, from: number, until: number, days: number) =>
  parts.sql.execute(`UPDATE broker.message_records SET published_at = published_at - $4 * interval '1 day' WHERE topic_id = $1 AND offset_value BETWEEN $2 AND $3`, [topicId, from, until, days]);
const offsetsOf = async (topicId: string) => (await parts.records.range({ topicId, partition: 0 }, 1, 1_000, 1_000)).map(({ offset }) => offset);

beforeEach(async () => {
  await parts.sql.execute('DELETE FROM broker.message_topics');
  for (const daysAgo of [20, 9, 8, 7, 3, 2]) await makeDay(daysAgo);
});

const waitForRows = <Row extends object>(query: string) =>
  waitFor(async () => parts.sql.query<Row>(query).then((rows) => rows.length > 0 && rows), { what: 'a statement to wait for another transaction', timeoutMs: 4_000 });

describe('the days of the logs', () => {
  it('yesterday, today and the two days to come have their tables, however often and by however many they are made', async () => {
    await Promise.all([ensureDays(parts.sql), ensureDays(parts.sql), ensureDays(parts.sql)]);
    for (const log of ['message_records', 'consumption_records']) expect(await daysOf(log)).toEqual(expect.arrayContaining([dayOf(1), dayOf(0), dayOf(-1), dayOf(-2)]));
  });

  it('a message of yesterday and one of today are read as one log across midnight', async () => {
    const topicId = await parts.topic();
    await parts.commit(topicId, numbers(1, 6).map(() => ({})));
    await age(topicId, 1, 3, 1);
    expect(await offsetsOf(topicId)).toEqual(numbers(1, 6));
  });
});

describe('dropping old days', () => {
  it('drops what is older than the longest retention of all topics, and nothing else', async () => {
    const [short, long] = [await parts.topic(), await parts.topic()];
    await retain(short, 1);
    await retain(long, 3);
    await parts.commit(long, numbers(1, 4).map(() => ({})));
    await age(long, 1, 1, 9);
    await age(long, 2, 2, 3);
    const dropped = await dropOldDays(parts.sql);
    expect(dropped.sort()).toEqual(['consumption', 'message'].flatMap((log) => [20, 9, 8, 7].map((daysAgo) => `${log}_records_${dayOf(daysAgo)}`)).sort());
    // the edge itself is kept: some of its hours may still be read
    expect(await offsetsOf(long)).toEqual([2, 3, 4]);
    expect(await dropOldDays(parts.sql)).toEqual([]);
  });

  it('without any topic seven days are kept', async () => {
    await dropOldDays(parts.sql);
    expect(await daysOf('message_records')).toEqual(expect.arrayContaining([dayOf(7), dayOf(3)]));
    expect(await daysOf('message_records')).not.toContain(dayOf(8));
  });

  it('publishes and reads go on while days are dropped', async () => {
    const topicId = await parts.topic();
    await retain(topicId, 1);
    const lane = new CommitLane({ sql: parts.sql, logger: silentLogger, maxBatchCount: 10, onCommitted: () => undefined });
    let isDropping = true;
    const dropping = dropOldDays(parts.sql).finally(() => (isDropping = false));
    let published = 0;
    while (isDropping || published < 20) {
      await lane.commit([newMessage(topicId)]);
      published += 1;
      expect((await offsetsOf(topicId)).length).toBe(Math.min(published, 1_000));
    }
    expect((await dropping).length).toBeGreaterThan(0);
    expect((await offsetsOf(topicId)).length).toBe(Math.min(published, 1_000));
  });

  it('a drop that waits for a publish that is not over yet holds up no other publish', async () => {
    const topicId = await parts.topic();
    let dropping: Promise<string[]> = Promise.resolve([]);
    await parts.sql.transaction(async (tx) => {
      const open = `INSERT INTO broker.message_records (topic_id, message_id, message_type, partition_id, offset_value, published_at, tenant_id) VALUES ($1, 'open', 'test', 0, 99, now(), $1)`;
      await tx.execute(open, [topicId]);
      dropping = dropOldDays(parts.sql);
      const waiting = `SELECT FROM pg_stat_activity WHERE query LIKE 'ALTER TABLE%DETACH%' AND wait_event_type = 'Lock'`;
      await waitForRows(waiting);
      expect((await parts.commit(topicId, [{}])).map(({ outcome }) => outcome)).toEqual(['stored']);
    });
    expect(await dropping).toContain(`message_records_${dayOf(9)}`);
  });

  it('what a replica left detached or half detached when it died is dropped by the next one', async () => {
    const [loose, pending] = [`message_records_${dayOf(9)}`, `message_records_${dayOf(7)}`];
    const topicId = await parts.topic();
    await retain(topicId, 1);
    await parts.sql.execute(`ALTER TABLE broker.message_records DETACH PARTITION broker.${loose}`);
    await parts.sql.transaction(async (tx) => {
      await tx.query('SELECT FROM broker.message_records');
      // cut off while it waits for the reader above
      const cutOff = parts.sql.query(`ALTER TABLE broker.message_records DETACH PARTITION broker.${pending} CONCURRENTLY`);
      void cutOff.catch(() => undefined);
      const [{ pid } = { pid: 0 }] = await waitForRows<{ pid: number }>(`SELECT pid FROM pg_stat_activity WHERE query LIKE 'ALTER TABLE%DETACH%' AND wait_event_type = 'Lock'`);
      await parts.sql.query('SELECT pg_cancel_backend($1)', [pid]);
      await expect(cutOff).rejects.toThrow();
    });
    const dropped = await dropOldDays(parts.sql);
    expect(dropped).toEqual(expect.arrayContaining([loose, pending]));
    expect(await daysOf('message_records')).toEqual([dayOf(1), dayOf(0), dayOf(-1), dayOf(-2)]);
  });

  it('two replicas may do it at once: neither fails, also where one waits behind the other', async () => {
    const outcomes: Promise<string[]>[] = [];
    await parts.sql.transaction(async (tx) => {
      await tx.query('SELECT FROM broker.message_records');
      for (const replica of numbers(1, 2)) {
        outcomes.push(dropOldDays(parts.sql));
        const waiting = `SELECT FROM pg_stat_activity WHERE query LIKE 'ALTER TABLE%DETACH%' AND wait_event_type = 'Lock' OFFSET ${replica - 1}`;
        await waitForRows(waiting);
      }
    });
    await expect(Promise.all(outcomes)).resolves.toHaveLength(2);
    await dropOldDays(parts.sql);
    expect(await daysOf('message_records')).not.toContain(dayOf(8));
    expect(await daysOf('message_records')).toEqual(expect.arrayContaining([dayOf(7), dayOf(1), dayOf(0)]));
  });
});
