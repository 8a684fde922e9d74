import type { AnswerOf } from '@angarium/contracts';
import * as Routes from '@angarium/contracts/broker-api';
import type { Sql } from '@angarium/database';
import { Route, type RouteCall } from '@angarium/service-shell';
import { Controller } from '@nestjs/common';
import { timeCursor } from '../../../catalog/page-cursor.js';
import { requireSubscription } from '../../../catalog/subscriptions/require-subscription.js';
import { InjectSql } from '../../../sql.js';
import { listDeadLetters, readDeadLetter, toDeadLetterView, type DeadLetterDetail, type DeadLetterView } from './dead-letter.repository.js';
import { deadLetterNotFound, SettleDeadLetters } from './settle-dead-letters.js';

/** The routes of what subscriptions gave up. */
@Controller()
export class DeadLetterController {
  constructor(
    @InjectSql() private readonly sql: Sql,
    private readonly deadLetters: SettleDeadLetters,
  ) {}

  @Route(Routes.ListDeadLetters)
  async list({ caller, params, query }: RouteCall<typeof Routes.ListDeadLetters>): Promise<AnswerOf<typeof Routes.ListDeadLetters>> {
    await requireSubscription(this.sql, caller.tenantId, params.id);
    const rows = await listDeadLetters(this.sql, params.id, query);
    return timeCursor.pageOf(rows, query.limit, (row) => [row.died_at.toISOString(), row.id], toDeadLetterView);
  }

  @Route(Routes.GetDeadLetter)
  async get({ caller, params }: RouteCall<typeof Routes.GetDeadLetter>): Promise<DeadLetterDetail> {
    await requireSubscription(this.sql, caller.tenantId, params.id);
    const found = await readDeadLetter(this.sql, params.id, params.deadId);
    if (!found) throw deadLetterNotFound(params.id, params.deadId);
    return found;
  }

  @Route(Routes.RedriveDeadLetter)
  redrive({ caller, params }: RouteCall<typeof Routes.RedriveDeadLetter>): Promise<DeadLetterView> {
    return this.deadLetters.redriveOne(caller, params.id, params.deadId);
  }

  @Route(Routes.RedriveDeadLetters)
  redriveMany({ caller, params, body }: RouteCall<typeof Routes.RedriveDeadLetters>): Promise<AnswerOf<typeof Routes.RedriveDeadLetters>> {
    return this.deadLetters.redriveMany(caller, params.id, body);
  }

  @Route(Routes.DiscardDeadLetter)
  discard({ caller, params }: RouteCall<typeof Routes.DiscardDeadLetter>): Promise<DeadLetterView> {
    return this.deadLetters.discardOne(caller, params.id, params.deadId);
  }

  @Route(Routes.DiscardDeadLetters)
  discardMany({ caller, params, body }: RouteCall<typeof Routes.DiscardDeadLetters>): Promise<AnswerOf<typeof Routes.DiscardDeadLetters>> {
    return this.deadLetters.discardMany(caller, params.id, body);
  }
}
