import { SYSTEM_TENANT_ID } from '../../catalog/topics/topic-cache.js';

/** Header of the messages in the system's topics: the tenant whose event it is; `system` where it is nobody's in particular. */
export const TENANT_HEADER = 'tenant';

/**
 * Whether a message of a topic of the system is none of the subscriber's business. Those topics carry the events of all tenants:
 * each tenant gets its own, and the system's tenant all.
 */
export function isOfOthers(subscriber: { readonly tenantId: string; readonly topicTenantId: string }, headers: () => Readonly<Record<string, string>>): boolean {
  return subscriber.topicTenantId === SYSTEM_TENANT_ID && subscriber.tenantId !== SYSTEM_TENANT_ID && headers()[TENANT_HEADER] !== subscriber.tenantId;
}
