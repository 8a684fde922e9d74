import type { TenantCaller } from '@angarium/auth';
import type { BodyOf } from '@angarium/contracts';
import type { CreateSubscription as Contract, SubscriptionView } from '@angarium/contracts/broker-api';
import type { SqlRunner } from '@angarium/database';
import type { TargetOptions } from '@angarium/egress';
import { Injectable } from '@nestjs/common';
import { MqErrors } from '../../errors.js';
import { InjectSealer, type Sealer } from '../../sealer.js';
import { writeAudit } from '../../watch/audit/write-audit.js';
import { ChangeCatalog } from '../change-catalog.js';
import { invalidField } from '../invalid-field.js';
import { topicNotFound } from '../topics/require-own-topic.js';
import type { TopicRow } from '../topics/topic-row.js';
import { findTopic, findTopicById } from '../topics/topic.repository.js';
import { checkSettings } from './check-settings.js';
import { followLog, placeCursors, type Beginning } from './cursor.repository.js';
import { requireConsumer } from './require-consumer.js';
import { toSubscriptionView, withoutSecrets } from './subscription-row.js';
import { findSubscription, insertSubscription } from './subscription.repository.js';
import { addSecret, type ShownSecret } from './webhook-secret.repository.js';
import { InjectWebhookTargets } from './webhook-targets.js';

type Input = BodyOf<typeof Contract>;

/** Subscribes to a topic: the subscription, where it begins, and what signs its webhooks, all or nothing. */
@Injectable()
export class CreateSubscription {
  constructor(
    private readonly catalog: ChangeCatalog,
    @InjectSealer() private readonly sealer: Sealer,
    @InjectWebhookTargets() private readonly targets: TargetOptions,
  ) {}

  /**
   * @returns the subscription, and the secret that is never shown again (null where it is no webhook).
   * @throws MQ_QUEUE_NOT_FOUND, MQ_TOPIC_ARCHIVED, MQ_CONSUMER_NOT_ALLOWED, MQ_SUBSCRIPTION_EXISTS, MQ_FILTER_INVALID, EGRESS_TARGET_REFUSED, INVALID_INPUT
   */
  create(caller: TenantCaller, input: Input): Promise<{ readonly view: SubscriptionView; readonly shown: ShownSecret | null }> {
    return this.catalog.run(async (tx) => {
      const topic = await this.topicOf(tx, caller, input);
      const settings = await checkSettings(tx, { caller, topic, settings: input, targets: this.targets });
      const beginning = beginningOf(input.offsetReset, topic);
      const { group, name } = input;
      const id = await insertSubscription(tx, { topicId: topic.id, tenantId: caller.tenantId, group, name, offsetReset: beginning.kind, settings });
      if (id === undefined) {
        throw MqErrors.MQ_SUBSCRIPTION_EXISTS(`The group ${group} has a subscription ${name} on ${topic.name} already. Change that one with PUT, or choose another group or name.`);
      }
      await placeCursors(tx, id, topic.id, beginning);
      if (settings.isOrdered) await followLog(tx, id);
      const shown = settings.destination.type === 'webhook' ? await addSecret(tx, this.sealer, id, settings.destination.signature) : null;
      const row = await findSubscription(tx, caller.tenantId, id);
      if (!row) throw new TypeError(`subscription ${id} was made and is not there`);
      const view = toSubscriptionView(row);
      const audit = { tenantId: caller.tenantId, actor: caller.keyName, action: 'subscription.create', resource: `subscription/${id}` };
      await writeAudit(tx, { ...audit, after: withoutSecrets(view) });
      return { answer: { view, shown }, changes: [{ kind: 'subscription', id }] };
    });
  }

  /** Locked against changes: a partition that is added meanwhile would have no cursor. */
  private async topicOf(tx: SqlRunner, caller: TenantCaller, { topic: name, topicId }: Input): Promise<TopicRow> {
    const named = name ?? topicId ?? '';
    const topic = name === undefined ? await findTopicById(tx, caller.tenantId, named, 'FOR SHARE') : await findTopic(tx, caller.tenantId, named, 'FOR SHARE');
    if (!topic) throw topicNotFound(named);
    requireConsumer(caller, topic);
    if (topic.status === 'archived') throw MqErrors.MQ_TOPIC_ARCHIVED(`The topic ${topic.name} is archived: what it holds can be read, and nothing new comes. Subscribe to another one.`);
    return topic;
  }
}

function beginningOf(reset: Input['offsetReset'], topic: TopicRow): Beginning {
  if (typeof reset === 'string') return { kind: reset };
  if ('time' in reset) return { kind: 'time', time: reset.time };
  if (reset.partition < topic.partition_count) return { kind: 'offset', ...reset };
  throw invalidField('offsetReset.partition', `is none of ${topic.name}, which has 0 to ${topic.partition_count - 1}`);
}
