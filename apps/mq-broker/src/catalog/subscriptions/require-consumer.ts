import type { TenantCaller } from '@angarium/auth';
import { MqErrors } from '../../errors.js';
import type { TopicRow } from '../topics/topic-row.js';

/**
 * Whether a caller may consume from a topic: its own if allowedConsumers names its key or nobody, another's if it is public.
 * The list names keys of the owner; a key of another tenant that happens to have such a name is not meant.
 * @throws MQ_CONSUMER_NOT_ALLOWED
 */
export function requireConsumer(caller: TenantCaller, topic: Pick<TopicRow, 'tenant_id' | 'is_public' | 'allowed_consumers' | 'name'>): void {
  if (topic.tenant_id !== caller.tenantId) {
    if (topic.is_public) return;
    throw MqErrors.MQ_CONSUMER_NOT_ALLOWED(`The topic ${topic.name} is not public any more. Ask its owner.`);
  }
  if (topic.allowed_consumers.length === 0 || topic.allowed_consumers.includes(caller.keyName)) return;
  throw MqErrors.MQ_CONSUMER_NOT_ALLOWED(`The API key ${caller.keyName} may not consume from ${topic.name}. Add its name to allowedConsumers of the topic, or use another key.`);
}
