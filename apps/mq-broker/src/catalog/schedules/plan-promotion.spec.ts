import fc from 'fast-check';
import type { DueSchedule } from './due.repository.js';
import { nextDue } from './next-due.js';
import { planPromotion } from './plan-promotion.js';
import { momentOf } from './schedule-message.js';

const noon = Date.parse('2026-03-01T12:00:00Z');
const due = (other: Partial<DueSchedule> = {}): DueSchedule => ({
  id: '0195f000-0000-7000-8000-000000000001',
  tenant_id: '0195f000-0000-7000-8000-000000000002',
  topic_id: '0195f000-0000-7000-8000-000000000003',
  due_at: new Date(noon),
  now: new Date(noon + 40),
  cron: null,
  time_zone: null,
  message_key: null,
  partition_id: null,
  message_id: null,
  message_type: 'order',
  correlation_id: null,
  headers: '{}',
  payload: '{"price":"5 €"}',
  expires_in_ms: null,
  producer_id: 'shop',
  topic_status: 'active',
  durability: 'commit',
  partition_count: 4,
  dedup_window_ms: '300000',
  ...other,
});

describe('a schedule that is due', () => {
  it('once, is published under its given message id, or its own id, and ends', () => {
    const { message, outcome } = planPromotion(due({ message_id: 'order-7' }));
    expect(message).toMatchObject({ messageId: 'order-7', payloadSize: 17, scheduledAt: new Date(noon), dedupWindowMs: 300_000 });
    expect(outcome).toMatchObject({ status: 'published', dueAt: null, messageId: 'order-7', error: null });
    expect(planPromotion(due()).message?.messageId).toBe(due().id);
  });

  it('again and again, is published under an id of its own each time, and waits for its next time', () => {
    const { message, outcome } = planPromotion(due({ cron: '0 12 * * *', time_zone: 'UTC' }));
    expect(message?.messageId).toBe(`${due().id}-${noon}`);
    expect(outcome).toMatchObject({ status: 'waiting', dueAt: new Date('2026-03-02T12:00:00Z') });
  });

  it('again and again, is named by the call under an Idempotency-Key that left it, but not by the one message that its caller named', () => {
    const idOf = (message_id: string) => planPromotion(due({ cron: '0 12 * * *', time_zone: 'UTC', message_id })).message?.messageId;
    const derived = '0e5a3a7e-8d3c-8b1f-9a52-3f1f6c1f2a90';
    expect([idOf(derived), idOf('x'.repeat(200))]).toEqual([`${derived}-${noon}`, `${due().id}-${noon}`]);
  });

  it('expires so long after it is published, not after it was due', () => {
    expect(planPromotion(due({ expires_in_ms: '1000' })).message?.expiresAt).toEqual(new Date(noon + 1_040));
  });

  it('keeps its partition, else that of its key, else is spread by its id', () => {
    const partition = (other: Partial<DueSchedule>) => planPromotion(due(other)).message?.partition;
    expect(partition({ partition_id: 3, message_key: 'a' })).toBe(3);
    expect(partition({ message_key: 'a', message_id: '1' })).toBe(partition({ message_key: 'a', message_id: '2' }));
    const spread = Array.from({ length: 200 }, (_, n) => partition({ message_id: `m-${n}` }));
    expect(new Set(spread)).toEqual(new Set([0, 1, 2, 3]));
    expect(partition({ message_id: 'm-1' })).toBe(spread[1]);
  });

  it('waits five seconds more while its topic is paused, and fails when it is archived or gone', () => {
    const paused = planPromotion(due({ topic_status: 'paused' }));
    expect(paused).toMatchObject({ message: undefined, outcome: { status: 'waiting', dueAt: new Date(noon + 5_040), messageId: null } });
    for (const status of ['archived', null] as const) {
      const { message, outcome } = planPromotion(due({ topic_status: status }));
      expect(message).toBeUndefined();
      expect(outcome).toMatchObject({ status: 'failed', messageId: null });
      expect(outcome.error).toMatch(status === null ? /deleted/ : /archived/);
    }
  });

  it('of a zone that this machine does not know is published, and then ends with the reason', () => {
    const { message, outcome } = planPromotion(due({ cron: '0 12 * * *', time_zone: 'Mars/Olympus' }));
    expect(message).toBeDefined();
    expect(outcome).toMatchObject({ status: 'failed', error: expect.stringContaining('Mars/Olympus') as string });
  });

  it('never comes due twice for one time, nor before its last one, however the clock jumps', () => {
    const jumps = fc.array(fc.integer({ min: -3_600_000, max: 3_600_000 }), { minLength: 1, maxLength: 20 });
    const crons = fc.constantFrom('* * * * *', '*/5 * * * *', '0 * * * *', '30 2 * * *', '*/10 * * * * *');
    fc.assert(
      fc.property(jumps, crons, fc.constantFrom('UTC', 'Europe/Berlin'), (steps, cron, timeZone) => {
        let now = Date.parse('2026-10-25T00:00:00Z');
        let next = nextDue({ cron, timeZone, previousDueMs: null, nowMs: now });
        const ids = new Set<string>();
        for (const step of steps) {
          now = Math.max(now + step, next); // it is only taken when it is due
          const { message, outcome } = planPromotion(due({ cron, time_zone: timeZone, due_at: new Date(next), now: new Date(now) }));
          const following = outcome.dueAt?.getTime() ?? 0;
          if (ids.has(message?.messageId ?? '') || following <= next || following <= now) return false;
          ids.add(message?.messageId ?? '');
          [now, next] = [now - 3_600_000, following];
        }
        return true;
      }),
    );
  });
});

describe('a time that is asked for', () => {
  it('is never rounded down', () => {
    expect(momentOf('2026-03-01T12:00:00Z')).toBe(noon);
    expect(momentOf('2026-03-01T13:00:00.500000+01:00')).toBe(noon + 500);
    expect(momentOf('2026-03-01T12:00:00.5001Z')).toBe(noon + 501);
    expect(momentOf('2026-03-01T12:00:00.500000001Z')).toBe(noon + 501);
  });

  it('before 1970 is 1970: long past either way', () => {
    expect(momentOf('0000-01-01T00:00:00Z')).toBe(0);
  });
});
