import type { TenantCaller } from '@angarium/auth';
import type { ScheduleView } from '@angarium/contracts/broker-api';
import type { Sql, SqlRunner } from '@angarium/database';
import { Injectable } from '@nestjs/common';
import { MqErrors } from '../../errors.js';
import { InjectSql } from '../../sql.js';
import { writeAudit } from '../../watch/audit/write-audit.js';
import { nextDue } from './next-due.js';
import { scheduleRepository, type ScheduleStatus } from './schedule.repository.js';

type Verb = 'cancel' | 'pause' | 'resume';

const statusAfter: Readonly<Record<Verb, ScheduleStatus>> = { cancel: 'cancelled', pause: 'paused', resume: 'waiting' };

/**
 * Cancels, pauses and resumes what is scheduled, each with its audit entry in the same transaction. The promoter takes no row that is being
 * changed, so the answer is certain: what it says paused or cancelled publishes nothing from here on.
 * Pausing what is paused and resuming what waits change nothing.
 */
@Injectable()
export class ChangeSchedule {
  constructor(@InjectSql() private readonly sql: Sql) {}

  /** @throws MQ_SCHEDULE_NOT_FOUND, MQ_SCHEDULE_ENDED, DATABASE_UNAVAILABLE, DATABASE_BUSY */
  change(caller: TenantCaller, id: string, verb: Verb): Promise<ScheduleView> {
    const { tenantId, keyName: actor } = caller;
    const status = statusAfter[verb];
    return this.sql.transaction(async (tx) => {
      const before = await scheduleRepository.lock(tx, tenantId, id);
      if (before === undefined) throw MqErrors.MQ_SCHEDULE_NOT_FOUND();
      if (before.status !== 'waiting' && before.status !== 'paused') throw MqErrors.MQ_SCHEDULE_ENDED();
      if (before.status === status) return before;
      await scheduleRepository.setStatus(tx, tenantId, id, status, verb === 'resume' ? await this.resumedAt(tx, before) : undefined);
      const after = (await scheduleRepository.find(tx, tenantId, id)) ?? before;
      await writeAudit(tx, { tenantId, actor, action: `schedule.${verb}`, resource: `schedule/${id}`, before, after });
      return after;
    });
  }

  /** Times of a cron schedule that passed during the pause are left out; a single one that passed is due at once. */
  private async resumedAt(tx: SqlRunner, { cron, timeZone }: ScheduleView): Promise<number | undefined> {
    if (cron === null) return undefined;
    return nextDue({ cron, timeZone: timeZone ?? 'UTC', previousDueMs: null, nowMs: await scheduleRepository.now(tx) });
  }
}
