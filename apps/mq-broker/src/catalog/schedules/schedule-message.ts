import type { TenantCaller } from '@angarium/auth';
import type { BodyOf } from '@angarium/contracts';
import type { PublishScheduled, ScheduleView } from '@angarium/contracts/broker-api';
import type { Sql } from '@angarium/database';
import { currentContext } from '@angarium/observability';
import { Injectable } from '@nestjs/common';
import { MqErrors } from '../../errors.js';
import type { ToPublish } from '../../flow/accept/accept-message.js';
import { makeId } from '../../flow/accept/make-id.js';
import { PublishRate } from '../../flow/accept/rate/publish-rate.js';
import { InjectSql } from '../../sql.js';
import { ChecksMessages } from './checks-messages.js';
import { checkCron, nextDue } from './next-due.js';
import { scheduleRepository, type Due } from './schedule.repository.js';

type When = Pick<BodyOf<typeof PublishScheduled>, 'at' | 'cron' | 'timeZone'>;

interface Times {
  readonly due: Due;
  readonly cron: string | null;
  readonly timeZone: string | null;
}

/** Keeps a message until its time. What publishing would refuse is refused now (the rate counts it now, too), and not looked at again when it is due. */
@Injectable()
export class ScheduleMessage {
  constructor(
    @InjectSql() private readonly sql: Sql,
    private readonly checks: ChecksMessages,
    private readonly rate: PublishRate,
  ) {}

  /** @throws the errors of publishing, DATABASE_UNAVAILABLE, DATABASE_BUSY */
  delayed(caller: TenantCaller, input: ToPublish, delayMs: number): Promise<ScheduleView> {
    return this.store(caller, input, { due: { delayMs }, cron: null, timeZone: null });
  }

  /** A time that has passed is due at once. @throws as `delayed`, MQ_CRON_INVALID */
  async scheduled(caller: TenantCaller, input: ToPublish, { at, cron, timeZone }: When): Promise<ScheduleView> {
    if (cron === undefined) return this.store(caller, input, { due: { atMs: momentOf(at ?? '') }, cron: null, timeZone: null });
    try {
      checkCron(cron, timeZone);
    } catch (error) {
      throw MqErrors.MQ_CRON_INVALID((error as Error).message, { cause: error });
    }
    const nowMs = await scheduleRepository.now(this.sql);
    return this.store(caller, input, { due: { atMs: nextDue({ cron, timeZone, previousDueMs: null, nowMs }) }, cron, timeZone });
  }

  private async store(caller: TenantCaller, input: ToPublish, times: Times): Promise<ScheduleView> {
    const checked = await this.checks.check(caller, input);
    const verdict = await this.rate.take(caller, 1);
    if (verdict !== true) throw MqErrors.MQ_RATE_LIMITED(undefined, { retry: { afterMs: verdict.retryAfterMs } });
    return scheduleRepository.insert(this.sql, {
      id: makeId(),
      tenantId: caller.tenantId,
      topicId: checked.topicId,
      ...times,
      key: input.key ?? null,
      partition: input.partition ?? null,
      // each time of a cron schedule is a message of its own, so what the caller named cannot be its id; what was derived is a part of it
      messageId: (times.cron === null ? input.messageId : undefined) ?? input.derivedId ?? null,
      type: checked.type,
      correlationId: input.correlationId ?? currentContext()?.correlationId ?? null,
      headersJson: checked.headersJson,
      payloadJson: checked.payloadJson,
      expiresInMs: input.expiresInMs ?? null,
      producer: caller.keyName,
    });
  }
}

/** Milliseconds since 1970 of an ISO time; what is finer is rounded up, since rounded down would be early. The year 0, which Postgres has not, and all up to 1970 are 1970. */
export function momentOf(iso: string): number {
  const isFiner = /\.\d{3}\d*[1-9]/.test(iso);
  return Math.max(0, Date.parse(iso) + (isFiner ? 1 : 0));
}
