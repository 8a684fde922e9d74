import type { SqlRunner } from '@angarium/database';
import { MqErrors } from '../../errors.js';
import type { SubscriptionRow } from './subscription-row.js';
import { findSubscription } from './subscription.repository.js';

/** @param isLocked until the transaction ends nobody else changes it. @throws MQ_SUBSCRIPTION_NOT_FOUND, also for those of other tenants. */
export async function requireSubscription(runner: SqlRunner, tenantId: string, id: string, isLocked = false): Promise<SubscriptionRow> {
  const row = await findSubscription(runner, tenantId, id, isLocked);
  if (!row) throw MqErrors.MQ_SUBSCRIPTION_NOT_FOUND(`Your tenant has no subscription ${id}. Use the id that creating it answered with.`);
  return row;
}
