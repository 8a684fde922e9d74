import {
  CancelSchedule,
  GetSchedule,
  ListSchedules,
  PauseSchedule,
  PublishDelayed,
  PublishScheduled,
  ResumeSchedule,
  type PublishInput,
} from '@angarium/contracts/broker-api';
import type { TenantCaller } from '@angarium/auth';
import { openSql, type Sql } from '@angarium/database';
import { silentLogger } from '@angarium/observability';
import { createTestDatabase, startPostgres, stopAfterTests, waitFor, type TestDatabase } from '@angarium/testing';
import { randomUUID } from 'node:crypto';
import { MqErrors } from '../../errors.js';
import { RunOnce } from '../../flow/accept/idempotency/run-once.js';
import { PublishRate, type RateVerdict } from '../../flow/accept/rate/publish-rate.js';
import { commitMessages } from '../../flow/commit/commit.repository.js';
import { ensureDays } from '../../flow/commit/message-days.js';
import { SqlModule } from '../../sql.js';
import { startTestApi, testCaller, type TestApi } from '../../testing/start-test-api.js';
import { ChangeSchedule } from './change-schedule.js';
import { ChecksMessages } from './checks-messages.js';
import type { HearsPromoted } from './hears-promoted.js';
import { PromoteDue } from './promote-due.js';
import { ScheduleMessage } from './schedule-message.js';
import { SchedulesController } from './schedules.controller.js';
import { addTopic, messagesOf } from './testing/schedule-store.js';

stopAfterTests();
let postgres: Awaited<ReturnType<typeof startPostgres>>;
let test: TestDatabase;
let sql: Sql;
let api: TestApi;
let topic: Awaited<ReturnType<typeof addTopic>>;
let verdict: RateVerdict;
const acme = testCaller({ id: randomUUID(), name: 'acme' });
const globex = testCaller({ id: randomUUID(), name: 'globex' });
const reader = testCaller({ id: acme.tenantId, name: 'acme' }, { scopes: new Set(['consume']) });

beforeAll(async () => {
  postgres = await startPostgres();
});
beforeEach(async () => {
  test = await createTestDatabase(postgres);
  sql = openSql({ url: test.url, logger: silentLogger });
  await ensureDays(sql);
  topic = await addTopic(sql, { tenantId: acme.tenantId });
  verdict = true;
  api = await startTestApi({
    callers: [acme, globex, reader],
    imports: [SqlModule.around(sql)],
    controllers: [SchedulesController],
    providers: [ScheduleMessage, ChangeSchedule, { provide: ChecksMessages, useValue: checks }, { provide: PublishRate, useValue: { take: () => verdict } }],
    idempotency: new RunOnce({ sql, logger: silentLogger }),
  });
});
afterEach(async () => {
  await api.close();
  await sql.end();
  await test.drop();
});

/** Knows the one topic; what else publishing checks has tests of its own. */
const checks: ChecksMessages = {
  check: (caller: TenantCaller, input: PublishInput) => {
    if (caller.tenantId !== topic.tenantId || input.topic !== topic.name) return Promise.reject(MqErrors.MQ_QUEUE_NOT_FOUND());
    const texts = { payloadJson: JSON.stringify(input.payload), headersJson: JSON.stringify(input.headers ?? {}) };
    return Promise.resolve({ topicId: topic.id, topicName: topic.name, type: input.type ?? topic.name, ...texts });
  },
};
const order = { topic: 'orders', payload: { orderId: 'o-1' } };
const later = { ...order, delayMs: 3_600_000 };
const hourly = { ...order, cron: '0 * * * *', timeZone: 'Europe/Berlin' };
const next: HearsPromoted = { promoted: () => undefined, append: () => Promise.reject(new Error('unused')) };
const promote = () => new PromoteDue({ sql, logger: silentLogger, next }).promoteOnce();
const make = async (contract: typeof PublishDelayed | typeof PublishScheduled, body: object) => (await api.call(contract, { body })).body;

describe('publishing later', () => {
  it('a delay counts from now by the clock of Postgres, and is answered with the schedule', async () => {
    const [before] = await sql.query<{ at: Date }>('SELECT clock_timestamp() AS at');
    const { status, body } = await api.call(PublishDelayed, { body: later });
    expect(status).toBe(202);
    expect(body).toMatchObject({ topic: 'orders', kind: 'once', status: 'waiting', cron: null, publishedCount: 0, lastMessageId: null });
    const delay = Date.parse(body.dueAt) - before!.at.getTime();
    expect(delay).toBeGreaterThanOrEqual(3_600_000);
    expect(delay).toBeLessThan(3_610_000);
  });

  it('a time is kept as it was given, and one that has passed is due at once', async () => {
    expect((await make(PublishScheduled, { ...order, at: '2999-01-01T01:00:00.25+01:00' })).dueAt).toBe('2999-01-01T00:00:00.250Z');
    const { id } = await make(PublishScheduled, { ...order, at: '2020-01-01T00:00:00Z' });
    expect(await promote()).toBe(1);
    expect((await api.call(GetSchedule, { params: { id } })).body).toMatchObject({ status: 'published', publishedCount: 1, lastMessageId: id });
    expect(await messagesOf(sql, topic.id)).toMatchObject([{ messageId: id, payload: order.payload, type: 'orders' }]);
  });

  it('a cron schedule tells its next time in its zone', async () => {
    const schedule = await make(PublishScheduled, hourly);
    expect(schedule).toMatchObject({ kind: 'cron', cron: '0 * * * *', timeZone: 'Europe/Berlin' });
    expect(Date.parse(schedule.dueAt) % 3_600_000).toBe(0);
    expect(Date.parse(schedule.dueAt)).toBeGreaterThan(Date.now() - 1_000);
  });

  it('a wrong expression or zone is refused, saying what is wrong', async () => {
    for (const wrong of [{ cron: '61 * * * *' }, { cron: '0 0 30 2 *' }, { timeZone: 'Mars/Olympus' }]) {
      const { status, body } = await api.call(PublishScheduled, { body: { ...hourly, ...wrong } });
      expect([status, body.code]).toEqual([422, 'MQ_CRON_INVALID']);
      expect(body.message).toContain(Object.values(wrong)[0]);
    }
  });

  it('what publishing refuses is refused, and what is above the rate as well', async () => {
    expect((await api.call(PublishDelayed, { body: { ...later, topic: 'unknown' } })).body.code).toBe('MQ_QUEUE_NOT_FOUND');
    verdict = { retryAfterMs: 2_400 };
    const { status, body } = await api.call(PublishDelayed, { body: later });
    expect([status, body.code, body.retryAfter]).toEqual([429, 'MQ_RATE_LIMITED', 3]);
  });

  it('the same Idempotency-Key schedules once', async () => {
    const headers = { 'idempotency-key': 'k-1' };
    const answers = await Promise.all(Array.from({ length: 8 }, () => api.call(PublishDelayed, { body: later, headers })));
    expect(new Set(answers.map((it) => it.body.id)).size).toBe(1);
    expect(answers.filter((it) => it.headers.get('idempotency-replayed') === 'true')).toHaveLength(7);
    expect((await api.call(ListSchedules)).body.items).toHaveLength(1);
  });
});

describe('changing a schedule', () => {
  it('what was cancelled is not published, and cannot be resumed', async () => {
    const { id } = await make(PublishScheduled, { ...order, at: '2020-01-01T00:00:00Z' });
    expect((await api.call(CancelSchedule, { params: { id } })).body.status).toBe('cancelled');
    expect(await promote()).toBe(0);
    for (const contract of [ResumeSchedule, PauseSchedule, CancelSchedule]) {
      const { status, body } = await api.call(contract, { params: { id } });
      expect([status, body.code]).toEqual([409, 'MQ_SCHEDULE_ENDED']);
    }
  });

  it('what was paused is published at once when it is resumed after its time', async () => {
    const { id } = await make(PublishScheduled, { ...order, at: '2020-01-01T00:00:00Z' });
    await api.call(PauseSchedule, { params: { id } });
    expect(await promote()).toBe(0);
    expect((await api.call(ResumeSchedule, { params: { id } })).body).toMatchObject({ status: 'waiting', dueAt: '2020-01-01T00:00:00.000Z' });
    expect(await promote()).toBe(1);
  });

  it('a cron schedule goes on with its next time, not with those that it slept through', async () => {
    const { id } = await make(PublishScheduled, hourly);
    await api.call(PauseSchedule, { params: { id } });
    await sql.execute("UPDATE broker.scheduled_messages SET due_at = '2020-01-01T00:00:00Z'");
    const resumed = (await api.call(ResumeSchedule, { params: { id } })).body;
    expect(Date.parse(resumed.dueAt)).toBeGreaterThan(Date.now() - 1_000);
    expect(await promote()).toBe(0);
  });

  it('every change leaves an entry in the audit trail, and what changes nothing leaves none', async () => {
    const { id } = await make(PublishDelayed, later);
    for (const contract of [PauseSchedule, PauseSchedule, ResumeSchedule, ResumeSchedule, CancelSchedule]) await api.call(contract, { params: { id } });
    const entries = await sql.query(`SELECT actor, action, resource, before->>'status' AS before, after->>'status' AS after FROM broker.audit_entries ORDER BY recorded_at`);
    const entry = { actor: 'tester', resource: `schedule/${id}` };
    expect(entries).toEqual([
      { ...entry, action: 'schedule.pause', before: 'waiting', after: 'paused' },
      { ...entry, action: 'schedule.resume', before: 'paused', after: 'waiting' },
      { ...entry, action: 'schedule.cancel', before: 'waiting', after: 'cancelled' },
    ]);
  });

  it('a cancellation while the promoter has the schedule says that it was published', async () => {
    const { id } = await make(PublishScheduled, { ...order, at: '2020-01-01T00:00:00Z' });
    let cancelling: ReturnType<typeof cancel> | undefined;
    const cancel = () => api.call(CancelSchedule, { params: { id } });
    const waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    const isSomebodyWaiting = async () => (await sql.query(waiting)).length > 0;
    const promoter = new PromoteDue({
      sql,
      logger: silentLogger,
      next,
      commit: async (tx, messages) => {
        cancelling = cancel();
        await waitFor(isSomebodyWaiting, { what: 'the cancellation to wait for the row' });
        return commitMessages(tx, messages);
      },
    });
    expect(await promoter.promoteOnce()).toBe(1);
    expect((await cancelling)?.body.code).toBe('MQ_SCHEDULE_ENDED');
  });
});

describe('looking at schedules', () => {
  it('pages go through all of them, youngest first, and end', async () => {
    for (let n = 0; n < 5; n++) await make(PublishDelayed, { ...later, messageId: `m-${n}` });
    const seen: string[] = [];
    let cursor: string | null = '';
    do {
      const query: Record<string, string> = cursor === '' ? { limit: '2' } : { limit: '2', cursor };
      const { body }: { body: { items: { id: string }[]; nextCursor: string | null } } = await api.call(ListSchedules, { query });
      expect(body.items.length).toBeLessThanOrEqual(2);
      seen.push(...body.items.map((it) => it.id));
      cursor = body.nextCursor;
    } while (cursor !== null);
    expect(seen).toHaveLength(5);
    expect(new Set(seen).size).toBe(5);
  });

  it('are filtered by topic and by status, and a broken cursor is refused', async () => {
    const { id } = await make(PublishDelayed, later);
    await make(PublishDelayed, later);
    await api.call(PauseSchedule, { params: { id } });
    const ids = async (query: Record<string, string>) => (await api.call(ListSchedules, { query })).body.items.map((it) => it.id);
    expect(await ids({ status: 'paused' })).toEqual([id]);
    expect(await ids({ topic: 'orders' })).toHaveLength(2);
    expect(await ids({ topic: 'other' })).toEqual([]);
    expect((await api.call(ListSchedules, { query: { cursor: 'x' } })).status).toBe(422);
  });

  it('of a topic that was deleted can still be seen', async () => {
    const { id } = await make(PublishDelayed, later);
    await sql.execute('DELETE FROM broker.message_topics');
    expect((await api.call(GetSchedule, { params: { id } })).body.topic).toBe('(deleted)');
  });

  it('another tenant sees and changes nothing of it, and a key that may not publish changes nothing', async () => {
    const { id } = await make(PublishDelayed, later);
    for (const contract of [GetSchedule, PauseSchedule, ResumeSchedule, CancelSchedule]) {
      const { status, body } = await api.call(contract, { as: globex, params: { id } });
      expect([status, body.code]).toEqual([404, 'MQ_SCHEDULE_NOT_FOUND']);
    }
    expect((await api.call(ListSchedules, { as: globex })).body.items).toEqual([]);
    expect((await api.call(CancelSchedule, { as: reader, params: { id } })).status).toBe(403);
    expect((await api.call(GetSchedule, { as: reader, params: { id } })).body.status).toBe('waiting');
  });
});
