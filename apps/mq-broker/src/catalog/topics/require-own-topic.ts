import type { SqlRunner } from '@angarium/database';
import { MqErrors } from '../../errors.js';
import { SYSTEM_TENANT_ID } from './topic-cache.js';
import type { TopicRow } from './topic-row.js';
import { findTopic } from './topic.repository.js';

/**
 * The topic that a tenant wants to change, locked until the transaction ends: no other change, and no new subscription, meanwhile.
 * @throws MQ_QUEUE_NOT_FOUND; MQ_SYSTEM_TOPIC for the system's, which are seen by everybody and changed by nobody.
 */
export async function requireOwnTopic(tx: SqlRunner, tenantId: string, name: string): Promise<TopicRow> {
  const row = await findTopic(tx, tenantId, name, 'FOR UPDATE');
  if (!row) throw topicNotFound(name);
  if (row.tenant_id === SYSTEM_TENANT_ID) throw MqErrors.MQ_SYSTEM_TOPIC(`The topic ${name} belongs to this system. Subscribe to it; only the system publishes to it and changes it.`);
  return row;
}

export function topicNotFound(name: string) {
  return MqErrors.MQ_QUEUE_NOT_FOUND(`Your tenant has no topic ${name}. Check the name, or create it with POST /api/v1/mq/queues.`);
}
