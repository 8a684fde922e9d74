import {
  CreateSubscription,
  CreateTopic,
  DiscardDeadLetter,
  DiscardDeadLetters,
  GetDeadLetter,
  ListDeadLetters,
  RedriveDeadLetter,
  RedriveDeadLetters,
  type TopicView,
} from '@angarium/contracts/broker-api';
import type { Sql } from '@angarium/database';
import { stopAfterTests } from '@angarium/testing';
import { randomUUID } from 'node:crypto';
import { startControlPlane, type ControlPlane } from '../../../testing/start-control-plane.js';

let sql: Sql;
let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
  sql = plane.sql;
});
afterAll(() => plane.close());
stopAfterTests(); // below, as it stops Postgres

let topic: TopicView;
let id: string;
let turn = 0;
beforeEach(async () => {
  topic = (await plane.call(CreateTopic, { body: { name: `topic-${++turn}` } })).body;
  id = await subscribe('first');
});

const subscribe = async (group: string) => (await plane.call(CreateSubscription, { body: { topic: topic.name, group, destination: { type: 'pull' } } })).body.id;

/** Publishes messages that the subscription then gives up, a minute after one another, the last one a minute ago. @returns the dead letters' ids. */
async function die(reasons: readonly string[], subscriptionId = id): Promise<string[]> {
  const offsets = await plane.publish(topic, ...reasons.map((reason) => ({ messageId: `about-${reason}`, payload: '{"total":1}', headers: '{"region":"eu"}' })));
  const ids: string[] = [];
  for (const [index, reason] of reasons.entries()) ids.push(await dead(subscriptionId, offsets[index]!, reason, reasons.length - index));
  return ids;
}
async function dead(subscriptionId: string, offset: number, reason: string, minutesAgo = 1): Promise<string> {
  const deadId = randomUUID();
  await sql.execute(
    `INSERT INTO broker.deliveries (id, subscription_id, topic_id, partition_id, offset_value, published_at, message_id, tenant_id, status, attempts, last_error, died_at)
     SELECT $1, $2, topic_id, partition_id, offset_value, published_at, message_id, $3, 'dead', 5, $4, now() - $5 * interval '1 minute'
     FROM broker.message_records WHERE topic_id = $6 AND offset_value = $7`,
    [deadId, subscriptionId, topic.tenantId, reason, minutesAgo, topic.id, offset],
  );
  await sql.execute(`UPDATE broker.message_records SET status = 'dead_letter' WHERE topic_id = $1 AND offset_value = $2`, [topic.id, offset]);
  return deadId;
}
const rows = (subscriptionId = id) =>
  sql.query<{ id: string; status: string; attempts: number; redrives: number; in_ms: number; died_at: Date | null }>(
    `SELECT id, status, attempts, redrives, died_at, round(extract(epoch FROM next_attempt_at - min(next_attempt_at) OVER ()) * 1000)::int AS in_ms
     FROM broker.deliveries WHERE subscription_id = $1 ORDER BY offset_value`,
    [subscriptionId],
  );
const recordStatus = async () => (await sql.query<{ status: string }>('SELECT status FROM broker.message_records WHERE topic_id = $1 ORDER BY offset_value', [topic.id])).map((it) => it.status);
const list = async (query: Record<string, string> = {}) => (await plane.call(ListDeadLetters, { params: { id }, query })).body;
const auditOf = (resource: string) => sql.query('SELECT actor, action, before, after FROM broker.audit_entries WHERE resource = $1 ORDER BY recorded_at', [resource]);

describe('dead letters', () => {
  it('are listed in pages, oldest first, filtered by reason and time', async () => {
    const ids = await die(['timeout', 'said 500', 'Timeout after 15 s', 'gone']);
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: Awaited<ReturnType<typeof list>> = await list({ limit: '2', ...(cursor === '' ? {} : { cursor }) });
      seen.push(...page.items.map((it) => it.id));
      cursor = page.nextCursor;
    }
    expect(seen).toEqual(ids);
    expect((await list({ reason: 'timeout' })).items.map((it) => it.id)).toEqual([ids[0], ids[2]]);
    expect((await list({ reason: '%' })).items).toEqual([]);
    const [, second, third] = (await list()).items;
    expect((await list({ since: second!.diedAt, until: third!.diedAt })).items.map((it) => it.id)).toEqual([ids[1], ids[2]]);
  });

  it('show their message', async () => {
    const [deadId] = await die(['timeout']);
    const { body } = await plane.call(GetDeadLetter, { params: { id, deadId: deadId! } });
    expect(body).toMatchObject({ messageId: 'about-timeout', reason: 'timeout', attempts: 5, redrives: 0, payload: { total: 1 }, headers: { region: 'eu' }, type: 'test' });
  });

  it('can be looked at when the retention of the message has passed', async () => {
    const [deadId] = await die(['timeout']);
    await sql.execute('DELETE FROM broker.message_records WHERE topic_id = $1', [topic.id]);
    expect((await plane.call(GetDeadLetter, { params: { id, deadId: deadId! } })).body).toMatchObject({ type: topic.name, payload: null, headers: {} });
  });

  it('are delivered again with a fresh series of attempts, one by one, and the redrive is counted', async () => {
    const [one, two] = await die(['timeout', 'timeout']);
    const redrive = () => plane.call(RedriveDeadLetter, { params: { id, deadId: one! } });
    expect((await redrive()).body).toMatchObject({ id: one, messageId: 'about-timeout', redrives: 1 });
    expect(await redrive()).toMatchObject({ status: 404, body: { code: 'MQ_DEAD_LETTER_NOT_FOUND' } });
    expect(await rows()).toMatchObject([{ id: one, status: 'waiting', attempts: 0, redrives: 1, died_at: null }, { id: two, status: 'dead', redrives: 0 }]);
    expect(await recordStatus()).toEqual(['published', 'dead_letter']);
    expect(await auditOf(`dead-letter/${one}`)).toMatchObject([{ actor: 'tester', action: 'dead-letter.redrive', before: { reason: 'timeout' } }]);
    expect(plane.changes).toContainEqual({ kind: 'subscription', id });
  });

  it('are delivered again all together, oldest first, no faster than the rate', async () => {
    await die(['timeout', 'said 500', 'timeout', 'timeout', 'timeout']);
    const { body } = await plane.call(RedriveDeadLetters, { params: { id }, body: { reason: 'timeout', ratePerSecond: 10, limit: 3 } });
    expect(body).toEqual({ redriven: 3, remaining: 1 });
    const [first, other, third, fourth, last] = await rows();
    expect([other!.status, last!.status]).toEqual(['dead', 'dead']);
    expect([third!.in_ms - first!.in_ms, fourth!.in_ms - first!.in_ms]).toEqual([100, 200]);
    expect(await auditOf(`subscription/${id}`)).toMatchObject([{ action: 'subscription.create' }, { action: 'dead-letter.redrive-many', after: { reason: 'timeout', count: 3, remaining: 1 } }]);
  });

  it('are given up for good, one or many', async () => {
    const [one] = await die(['timeout', 'timeout', 'said 500']);
    expect((await plane.call(DiscardDeadLetter, { params: { id, deadId: one! } })).body.id).toBe(one);
    expect((await plane.call(DiscardDeadLetters, { params: { id }, body: { reason: 'TIMEOUT' } })).body).toEqual({ discarded: 1, remaining: 0 });
    expect((await rows()).map((it) => it.status)).toEqual(['discarded', 'discarded', 'dead']);
    expect((await list()).items).toHaveLength(1);
    expect(await recordStatus()).toEqual(['published', 'published', 'dead_letter']);
  });

  it('are counted and left alone by a dry run', async () => {
    await die(['timeout', 'timeout', 'timeout']);
    const body = { isDryRun: true, limit: 2 };
    expect((await plane.call(RedriveDeadLetters, { params: { id }, body })).body).toEqual({ redriven: 2, remaining: 1 });
    expect((await plane.call(DiscardDeadLetters, { params: { id }, body })).body).toEqual({ discarded: 2, remaining: 1 });
    expect((await rows()).map((it) => it.status)).toEqual(['dead', 'dead', 'dead']);
    expect(await auditOf(`subscription/${id}`)).toHaveLength(1);
  });

  it('make their message one for as long as any subscription has it as one', async () => {
    const [own] = await die(['timeout']);
    const otherId = await subscribe('second');
    const other = await dead(otherId, 1, 'timeout');
    await plane.call(RedriveDeadLetter, { params: { id, deadId: own! } });
    expect(await recordStatus()).toEqual(['dead_letter']);
    await plane.call(DiscardDeadLetter, { params: { id: otherId, deadId: other } });
    expect(await recordStatus()).toEqual(['published']);
  });

  it('are redriven in thousands, each once, by several at once', async () => {
    await sql.execute(
      `INSERT INTO broker.deliveries (subscription_id, topic_id, partition_id, offset_value, published_at, message_id, tenant_id, status, died_at)
       SELECT $1, $2, 0, n, now(), 'm' || n, $3, 'dead', now() FROM generate_series(1, 12000) AS n`,
      [id, topic.id, topic.tenantId],
    );
    const many = () => plane.call(RedriveDeadLetters, { params: { id }, body: { limit: 10_000, ratePerSecond: 10_000 } });
    const answers = await Promise.all([many(), many()]);
    expect(answers.reduce((sum, it) => sum + it.body.redriven, 0)).toBe(12_000);
    const [counts] = await sql.query(`SELECT count(*)::int AS n, max(redrives) AS most FROM broker.deliveries WHERE subscription_id = $1 AND status = 'waiting'`, [id]);
    expect(counts).toEqual({ n: 12_000, most: 1 });
  });
});
