import type { TenantCaller } from '@angarium/auth';
import type { BodyOf } from '@angarium/contracts';
import type { CreateTopic, TopicView } from '@angarium/contracts/broker-api';
import { Injectable } from '@nestjs/common';
import { MqErrors } from '../../errors.js';
import { writeAudit } from '../../watch/audit/write-audit.js';
import { ChangeCatalog } from '../change-catalog.js';
import { requireVersion } from '../version-tag.js';
import { checkSchema } from './check-schema.js';
import { SYSTEM_TENANT_ID } from './topic-cache.js';
import { requireOwnTopic } from './require-own-topic.js';
import { toTopicView } from './topic-row.js';
import { coverNewPartitions, holdsMessages, insertTopic, isSystemTopic, replaceTopic, stopForeignSubscriptions, type TopicSettings } from './topic.repository.js';

/** Makes topics and replaces their settings. */
@Injectable()
export class ChangeTopic {
  constructor(private readonly catalog: ChangeCatalog) {}

  /** @throws MQ_QUEUE_EXISTS, MQ_SYSTEM_TOPIC, MQ_SCHEMA_INVALID */
  create(caller: TenantCaller, { name, ...settings }: BodyOf<typeof CreateTopic>): Promise<TopicView> {
    if (settings.schemaDefinition) checkSchema(settings.schemaDefinition);
    return this.catalog.run(async (tx) => {
      // subscriptions find the system's topics by their names, too
      if (caller.tenantId !== SYSTEM_TENANT_ID && (await isSystemTopic(tx, name))) throw MqErrors.MQ_SYSTEM_TOPIC(`${name} is a topic of this system. Subscribe to it, or choose another name.`);
      const row = await insertTopic(tx, caller.tenantId, name, settings);
      if (!row) throw MqErrors.MQ_QUEUE_EXISTS(`Your tenant has a topic ${name} already. Choose another name, or change the topic with PUT.`);
      const after = toTopicView(row, caller.tenantId);
      await writeAudit(tx, { tenantId: caller.tenantId, actor: caller.keyName, action: 'topic.create', resource: `topic/${name}`, after });
      return { answer: after, changes: [{ kind: 'topic', id: row.id }] };
    });
  }

  /** Idempotent: settings that are there already make no new version. @throws MQ_QUEUE_NOT_FOUND, MQ_SYSTEM_TOPIC, MQ_VERSION_REQUIRED, MQ_VERSION_CONFLICT, MQ_PARTITIONS_CANNOT_SHRINK, MQ_DURABILITY_FIXED, MQ_SCHEMA_INVALID */
  replace(caller: TenantCaller, name: string, settings: TopicSettings, ifMatch: string | undefined): Promise<TopicView> {
    return this.catalog.run(async (tx) => {
      const before = await requireOwnTopic(tx, caller.tenantId, name);
      requireVersion(ifMatch, before.version);
      if (settings.schemaDefinition) checkSchema(settings.schemaDefinition);
      if (settings.partitionCount < before.partition_count) {
        throw MqErrors.MQ_PARTITIONS_CANNOT_SHRINK(`The topic ${name} has ${before.partition_count} partitions and cannot lose any. Give at least that number, or make a new topic.`);
      }
      if (settings.durability !== before.durability && (await holdsMessages(tx, before.id))) throw MqErrors.MQ_DURABILITY_FIXED();
      const row = await replaceTopic(tx, before, settings);
      if (row.version === before.version) return { answer: toTopicView(before, caller.tenantId), changes: [] };
      if (row.partition_count > before.partition_count) await coverNewPartitions(tx, row.id, before.partition_count);
      const stopped = before.is_public && !row.is_public ? await stopForeignSubscriptions(tx, row) : [];
      const after = toTopicView(row, caller.tenantId);
      const audit = { tenantId: caller.tenantId, actor: caller.keyName, action: 'topic.update', resource: `topic/${name}` };
      await writeAudit(tx, { ...audit, before: toTopicView(before, caller.tenantId), after });
      return { answer: after, changes: [{ kind: 'topic', id: row.id }, ...stopped.map((id) => ({ kind: 'subscription' as const, id }))] };
    });
  }
}
