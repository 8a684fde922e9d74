import type { AnswerOf } from '@angarium/contracts';
import {
  CancelSchedule,
  GetSchedule,
  ListSchedules,
  PauseSchedule,
  PublishDelayed,
  PublishScheduled,
  ResumeSchedule,
  type ScheduleView,
} from '@angarium/contracts/broker-api';
import type { Sql } from '@angarium/database';
import { Route, type RouteCall } from '@angarium/service-shell';
import { Controller } from '@nestjs/common';
import { MqErrors } from '../../errors.js';
import { asItCame } from '../../flow/accept/as-it-came.js';
import { InjectSql } from '../../sql.js';
import { invalidField } from '../invalid-field.js';
import { ChangeSchedule } from './change-schedule.js';
import { ScheduleMessage } from './schedule-message.js';
import { scheduleRepository } from './schedule.repository.js';

const idPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

@Controller()
export class SchedulesController {
  constructor(
    @InjectSql() private readonly sql: Sql,
    private readonly scheduleMessage: ScheduleMessage,
    private readonly changeSchedule: ChangeSchedule,
  ) {}

  @Route(PublishDelayed)
  publishDelayed(call: RouteCall<typeof PublishDelayed>): Promise<ScheduleView> {
    const { delayMs, ...input } = call.body;
    return this.scheduleMessage.delayed(call.caller, asItCame(call, input), delayMs);
  }

  @Route(PublishScheduled)
  publishScheduled(call: RouteCall<typeof PublishScheduled>): Promise<ScheduleView> {
    const { at, cron, timeZone, ...input } = call.body;
    return this.scheduleMessage.scheduled(call.caller, asItCame(call, input), { at, cron, timeZone });
  }

  @Route(ListSchedules)
  async list({ caller, query: { limit, cursor, topic, status } }: RouteCall<typeof ListSchedules>): Promise<AnswerOf<typeof ListSchedules>> {
    const filter = { tenantId: caller.tenantId, topic: topic ?? null, status: status ?? null, after: cursor === undefined ? null : idIn(cursor) };
    // one more than asked for tells whether there is a next page
    const found = await scheduleRepository.list(this.sql, { ...filter, limit: limit + 1 });
    const items = found.slice(0, limit);
    const last = items.at(-1);
    return { items, nextCursor: found.length > limit && last !== undefined ? cursorAfter(last.id) : null };
  }

  @Route(GetSchedule)
  async get({ caller, params }: RouteCall<typeof GetSchedule>): Promise<ScheduleView> {
    const found = await scheduleRepository.find(this.sql, caller.tenantId, params.id);
    if (found === undefined) throw MqErrors.MQ_SCHEDULE_NOT_FOUND();
    return found;
  }

  @Route(CancelSchedule)
  cancel({ caller, params }: RouteCall<typeof CancelSchedule>): Promise<ScheduleView> {
    return this.changeSchedule.change(caller, params.id, 'cancel');
  }

  @Route(PauseSchedule)
  pause({ caller, params }: RouteCall<typeof PauseSchedule>): Promise<ScheduleView> {
    return this.changeSchedule.change(caller, params.id, 'pause');
  }

  @Route(ResumeSchedule)
  resume({ caller, params }: RouteCall<typeof ResumeSchedule>): Promise<ScheduleView> {
    return this.changeSchedule.change(caller, params.id, 'resume');
  }
}

function cursorAfter(id: string): string {
  return Buffer.from(id).toString('base64url');
}

function idIn(cursor: string): string {
  const id = Buffer.from(cursor, 'base64url').toString();
  if (idPattern.test(id)) return id;
  throw invalidField('cursor', 'is no cursor of this list; use nextCursor of the page before, or leave it out');
}
