import type { AnswerOf } from '@angarium/contracts';
import * as Routes from '@angarium/contracts/broker-api';
import type { Sql } from '@angarium/database';
import { Route, type RouteCall } from '@angarium/service-shell';
import { Controller } from '@nestjs/common';
import { InjectSql } from '../../sql.js';
import { timeCursor } from '../page-cursor.js';
import { versionTag } from '../version-tag.js';
import { ChangeSubscription } from './change-subscription.js';
import { CreateSubscription } from './create-subscription.js';
import { countOwed, cursorsOf } from './cursor.repository.js';
import { requireSubscription } from './require-subscription.js';
import { RotateSecret } from './rotate-secret.js';
import { toSubscriptionView } from './subscription-row.js';
import { listSubscriptions } from './subscription.repository.js';

type Detail = AnswerOf<typeof Routes.GetSubscription>;

/** The routes of subscriptions themselves; taking messages has its own. */
@Controller()
export class SubscriptionController {
  constructor(
    @InjectSql() private readonly sql: Sql,
    private readonly createSubscription: CreateSubscription,
    private readonly changeSubscription: ChangeSubscription,
    private readonly rotateSecret: RotateSecret,
  ) {}

  @Route(Routes.CreateSubscription)
  async create(call: RouteCall<typeof Routes.CreateSubscription>): Promise<AnswerOf<typeof Routes.CreateSubscription>> {
    const { view, shown } = await this.createSubscription.create(call.caller, call.body);
    return { ...(await this.detail(call, view)), secret: shown?.secret ?? null, publicKey: shown?.publicKey ?? null };
  }

  @Route(Routes.ListSubscriptions)
  async list({ caller, query }: RouteCall<typeof Routes.ListSubscriptions>): Promise<AnswerOf<typeof Routes.ListSubscriptions>> {
    const rows = await listSubscriptions(this.sql, caller.tenantId, query);
    return timeCursor.pageOf(rows, query.limit, (row) => [row.created_at.toISOString(), row.id], toSubscriptionView);
  }

  @Route(Routes.GetSubscription)
  async get(call: RouteCall<typeof Routes.GetSubscription>): Promise<Detail> {
    return this.detail(call, toSubscriptionView(await requireSubscription(this.sql, call.caller.tenantId, call.params.id)));
  }

  @Route(Routes.UpdateSubscription)
  async update(call: RouteCall<typeof Routes.UpdateSubscription>): Promise<Detail> {
    return this.detail(call, await this.changeSubscription.replace(call.caller, call.params.id, call.body, call.headers['if-match']));
  }

  @Route(Routes.DeleteSubscription)
  async delete({ caller, params }: RouteCall<typeof Routes.DeleteSubscription>): Promise<AnswerOf<typeof Routes.DeleteSubscription>> {
    return { abandonedMessages: await this.changeSubscription.delete(caller, params.id) };
  }

  @Route(Routes.PauseSubscription)
  async pause(call: RouteCall<typeof Routes.PauseSubscription>): Promise<Detail> {
    return this.detail(call, await this.changeSubscription.pause(call.caller, call.params.id));
  }

  @Route(Routes.ResumeSubscription)
  async resume(call: RouteCall<typeof Routes.ResumeSubscription>): Promise<Detail> {
    return this.detail(call, await this.changeSubscription.resume(call.caller, call.params.id, call.body.recoverSince));
  }

  @Route(Routes.RotateSecret)
  rotate({ caller, params, body }: RouteCall<typeof Routes.RotateSecret>): Promise<AnswerOf<typeof Routes.RotateSecret>> {
    return this.rotateSecret.rotate(caller, params.id, body);
  }

  private async detail(call: { setHeader(name: string, value: string): void }, view: Routes.SubscriptionView): Promise<Detail> {
    const [cursors, owed] = await Promise.all([cursorsOf(this.sql, view.id), countOwed(this.sql, view.id)]);
    call.setHeader('etag', versionTag(view.version));
    return { ...view, cursors, ...owed };
  }
}
