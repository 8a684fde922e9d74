import { SubscriptionDisabled } from '@angarium/contracts';
import type { Sql } from '@angarium/database';
import type { Logger } from '@angarium/observability';
import type { MessageBus } from '@angarium/transport';
import { scheduleRepository } from '../catalog/schedules/schedule.repository.js';
import { dropOldDays, ensureDays } from './commit/message-days.js';
import { Loop } from './loop.js';
import type { LedgerRepository } from './settle/ledger.repository.js';

const SHORT_MS = 10_000;
const LONG_MS = 600_000;
const DELETE_COUNT = 5_000;
/** Schedules that ended can be seen for so long. */
const ENDED_SCHEDULE_MS = 7 * 86_400_000;

export interface KeepHouseOptions {
  readonly sql: Sql;
  readonly ledger: LedgerRepository;
  readonly bus: MessageBus;
  readonly removeExpiredKeys: () => Promise<unknown>;
  readonly logger: Logger;
}

/**
 * Tables of the coming days are made, old days dropped, what is over is forgotten, and disabled subscriptions are told of.
 * Any replica may do it at any time; everything is idempotent.
 */
export class KeepHouse {
  private readonly short: Loop;
  private readonly long: Loop;

  constructor(private readonly options: KeepHouseOptions) {
    const { logger } = options;
    this.short = new Loop({ name: 'keep-house', everyMs: SHORT_MS, logger, pass: () => this.shortOnce() });
    this.long = new Loop({ name: 'keep-days', everyMs: LONG_MS, logger, pass: () => this.longOnce() });
  }

  start(): void {
    this.short.start();
    this.long.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.short.stop(), this.long.stop()]);
  }

  async shortOnce(): Promise<void> {
    const { sql, ledger, removeExpiredKeys } = this.options;
    await this.announceDisabled();
    while ((await ledger.forgetSettled(DELETE_COUNT)) === DELETE_COUNT);
    const dedup = `DELETE FROM broker.message_dedup WHERE (topic_id, message_id) IN (SELECT topic_id, message_id FROM broker.message_dedup WHERE expires_at < now() LIMIT $1)`;
    while ((await sql.execute(dedup, [DELETE_COUNT])) === DELETE_COUNT);
    while ((await scheduleRepository.removeEnded(sql, ENDED_SCHEDULE_MS, DELETE_COUNT)) === DELETE_COUNT);
    await removeExpiredKeys();
  }

  async longOnce(): Promise<void> {
    const { sql, logger } = this.options;
    await ensureDays(sql);
    const dropped = await dropOldDays(sql);
    if (dropped.length > 0) logger.info({ tables: dropped }, 'days whose retention is over were dropped');
  }

  /** States the fact once it is in Postgres; a crash in between states it again under the same id. */
  private async announceDisabled(): Promise<void> {
    const { sql, bus } = this.options;
    const rows = await sql.query<{ id: string; topic: string; tenant_id: string; disabled_reason: string; disabled_at: Date }>(
      `SELECT s.id, t.name AS topic, s.tenant_id, s.disabled_reason, s.disabled_at FROM broker.message_subscriptions s JOIN broker.message_topics t ON t.id = s.topic_id
       WHERE s.status = 'disabled' AND s.disabled_told_at IS NULL LIMIT 100`,
    );
    for (const row of rows) {
      const disabledAt = row.disabled_at.toISOString();
      const event = { subscriptionId: row.id, topic: row.topic, tenantId: row.tenant_id, reason: row.disabled_reason, disabledAt };
      await bus.emit(SubscriptionDisabled, event, { id: `disabled-${row.id}-${disabledAt}`, tenant: row.tenant_id });
      await sql.execute('UPDATE broker.message_subscriptions SET disabled_told_at = now() WHERE id = $1 AND disabled_at = $2', [row.id, row.disabled_at]);
    }
  }
}
