import type { AnswerOf } from '@angarium/contracts';
import { CreateTopic, DeleteTopic, GetTopic, ListTopics, PurgeTopic, UpdateTopic, type TopicView } from '@angarium/contracts/broker-api';
import type { Sql } from '@angarium/database';
import { Route, type RouteCall } from '@angarium/service-shell';
import { Controller } from '@nestjs/common';
import { InjectSql } from '../../sql.js';
import { nameCursor } from '../page-cursor.js';
import { versionTag } from '../version-tag.js';
import { ChangeTopic } from './change-topic.js';
import { RemoveTopic } from './remove-topic.js';
import { topicNotFound } from './require-own-topic.js';
import { toTopicView } from './topic-row.js';
import { findTopic, listTopics, partitionsOf, subscriptionsOf } from './topic.repository.js';

/** The routes of topics. */
@Controller()
export class TopicController {
  constructor(
    @InjectSql() private readonly sql: Sql,
    private readonly changeTopic: ChangeTopic,
    private readonly removeTopic: RemoveTopic,
  ) {}

  @Route(CreateTopic)
  async create(call: RouteCall<typeof CreateTopic>): Promise<AnswerOf<typeof CreateTopic>> {
    return this.detail(call, await this.changeTopic.create(call.caller, call.body));
  }

  @Route(ListTopics)
  async list({ caller, query }: RouteCall<typeof ListTopics>): Promise<AnswerOf<typeof ListTopics>> {
    const rows = await listTopics(this.sql, caller.tenantId, query);
    return nameCursor.pageOf(rows, query.limit, ({ name, id }) => [name, id], (row) => toTopicView(row, caller.tenantId));
  }

  @Route(GetTopic)
  async get(call: RouteCall<typeof GetTopic>): Promise<AnswerOf<typeof GetTopic>> {
    const { tenantId } = call.caller;
    const row = await findTopic(this.sql, tenantId, call.params.name);
    if (!row) throw topicNotFound(call.params.name);
    return this.detail(call, toTopicView(row, tenantId));
  }

  @Route(UpdateTopic)
  async update(call: RouteCall<typeof UpdateTopic>): Promise<AnswerOf<typeof UpdateTopic>> {
    return this.detail(call, await this.changeTopic.replace(call.caller, call.params.name, call.body, call.headers['if-match']));
  }

  @Route(DeleteTopic)
  delete({ caller, params, query }: RouteCall<typeof DeleteTopic>): Promise<AnswerOf<typeof DeleteTopic>> {
    return this.removeTopic.delete(caller, params.name, query.force === 'true');
  }

  @Route(PurgeTopic)
  purge({ caller, params }: RouteCall<typeof PurgeTopic>): Promise<AnswerOf<typeof PurgeTopic>> {
    return this.removeTopic.purge(caller, params.name);
  }

  /** Who does not own the topic counts only its own subscriptions: the others are no business of it. */
  private async detail(call: { readonly caller: { readonly tenantId: string }; setHeader(name: string, value: string): void }, topic: TopicView): Promise<AnswerOf<typeof GetTopic>> {
    const { tenantId } = call.caller;
    const [partitions, subscriptions] = await Promise.all([
      partitionsOf(this.sql, topic.id),
      subscriptionsOf(this.sql, topic.id, topic.tenantId === tenantId ? null : tenantId),
    ]);
    call.setHeader('etag', versionTag(topic.version));
    return { ...topic, partitions, subscriptionCount: subscriptions.length };
  }
}
