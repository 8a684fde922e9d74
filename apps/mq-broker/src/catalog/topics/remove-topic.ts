import type { TenantCaller } from '@angarium/auth';
import type { AnswerOf } from '@angarium/contracts';
import type { DeleteTopic, PurgeTopic } from '@angarium/contracts/broker-api';
import { Injectable } from '@nestjs/common';
import { MqErrors } from '../../errors.js';
import { writeAudit } from '../../watch/audit/write-audit.js';
import { ChangeCatalog } from '../change-catalog.js';
import { abandonDeliveries, deleteDeliveries, deleteTopic, moveFirstOffsets, skipToEnd } from './empty-topic.repository.js';
import { requireOwnTopic } from './require-own-topic.js';
import { toTopicView } from './topic-row.js';
import { subscriptionsOf } from './topic.repository.js';

const OWED = ['waiting', 'in_flight', 'dead'] as const;

/** Deletes topics and empties them. */
@Injectable()
export class RemoveTopic {
  constructor(private readonly catalog: ChangeCatalog) {}

  /** @throws MQ_QUEUE_NOT_FOUND, MQ_SYSTEM_TOPIC, MQ_QUEUE_HAS_SUBSCRIPTIONS unless it is forced. */
  delete(caller: TenantCaller, name: string, isForced: boolean): Promise<AnswerOf<typeof DeleteTopic>> {
    return this.catalog.run(async (tx) => {
      const topic = await requireOwnTopic(tx, caller.tenantId, name);
      const subscriptions = await subscriptionsOf(tx, topic.id);
      if (subscriptions.length > 0 && !isForced) {
        throw MqErrors.MQ_QUEUE_HAS_SUBSCRIPTIONS(`The topic ${name} has ${subscriptions.length === 1 ? 'a subscription. Delete it' : `${subscriptions.length} subscriptions. Delete them`} first, or repeat with ?force=true.`, {
          details: { subscriptionCount: subscriptions.length },
        });
      }
      await abandonDeliveries(tx, subscriptions);
      const answer = { deletedMessages: await deleteTopic(tx, topic), deletedSubscriptions: subscriptions.length };
      const audit = { tenantId: caller.tenantId, actor: caller.keyName, action: 'topic.delete', resource: `topic/${name}` };
      await writeAudit(tx, { ...audit, before: { ...toTopicView(topic, caller.tenantId), ...answer } });
      return { answer, changes: [{ kind: 'topic', id: topic.id }, ...changesOf(subscriptions)] };
    });
  }

  /** @throws MQ_QUEUE_NOT_FOUND, MQ_SYSTEM_TOPIC */
  purge(caller: TenantCaller, name: string): Promise<AnswerOf<typeof PurgeTopic>> {
    return this.catalog.run(async (tx) => {
      const topic = await requireOwnTopic(tx, caller.tenantId, name);
      const subscriptions = await subscriptionsOf(tx, topic.id);
      // most of it before publishing is held up, the rest after
      await deleteDeliveries(tx, subscriptions, OWED);
      const purgedMessages = await moveFirstOffsets(tx, topic.id);
      await skipToEnd(tx, topic.id);
      await deleteDeliveries(tx, subscriptions, OWED);
      await writeAudit(tx, { tenantId: caller.tenantId, actor: caller.keyName, action: 'topic.purge', resource: `topic/${name}`, after: { purgedMessages } });
      return { answer: { purgedMessages }, changes: [{ kind: 'topic', id: topic.id }, ...changesOf(subscriptions)] };
    });
  }
}

const changesOf = (subscriptionIds: readonly string[]) => subscriptionIds.map((id) => ({ kind: 'subscription' as const, id }));
