import type { TenantCaller } from '@angarium/auth';
import type { SubscriptionView } from '@angarium/contracts/broker-api';
import type { SqlRunner } from '@angarium/database';
import type { TargetOptions } from '@angarium/egress';
import { Injectable } from '@nestjs/common';
import { MqErrors } from '../../errors.js';
import { redriveAll } from '../../flow/settle/dead-letters/redrive.repository.js';
import { InjectSealer, type Sealer } from '../../sealer.js';
import { writeAudit } from '../../watch/audit/write-audit.js';
import { ChangeCatalog } from '../change-catalog.js';
import { abandonDeliveries } from '../topics/empty-topic.repository.js';
import { findTopicById } from '../topics/topic.repository.js';
import { requireVersion } from '../version-tag.js';
import { checkSettings, type SubscriptionSettings } from './check-settings.js';
import { countOwed, cursorsOf } from './cursor.repository.js';
import { requireConsumer } from './require-consumer.js';
import { requireSubscription } from './require-subscription.js';
import { toSubscriptionView, withoutSecrets, type SubscriptionRow } from './subscription-row.js';
import { deleteSubscription, pauseSubscription, replaceSettings, resumeSubscription } from './subscription.repository.js';
import { addSecret, expireSecrets, hasSecret } from './webhook-secret.repository.js';
import { InjectWebhookTargets } from './webhook-targets.js';

/** The old secrets sign so long beside a new one that a PUT brought about. */
const SECRET_OVERLAP_MS = 86_400_000;
/** So that what died while a receiver was away does not fell it again. */
const RECOVERY_RATE_PER_SECOND = 100;

/** Changes, pauses, resumes and deletes subscriptions. */
@Injectable()
export class ChangeSubscription {
  constructor(
    private readonly catalog: ChangeCatalog,
    @InjectSealer() private readonly sealer: Sealer,
    @InjectWebhookTargets() private readonly targets: TargetOptions,
  ) {}

  /**
   * Replaces all settings; those that are there already make no new version. A webhook that needs a secret of another scheme gets one, which rotating shows.
   * @throws MQ_SUBSCRIPTION_NOT_FOUND, MQ_VERSION_REQUIRED, MQ_VERSION_CONFLICT, MQ_ORDER_FIXED, MQ_CONSUMER_NOT_ALLOWED, and what `checkSettings` throws.
   */
  replace(caller: TenantCaller, id: string, settings: SubscriptionSettings, ifMatch: string | undefined): Promise<SubscriptionView> {
    return this.change(caller, id, 'subscription.update', async (tx, before) => {
      requireVersion(ifMatch, before.version);
      if (settings.isOrdered !== before.is_ordered) {
        throw MqErrors.MQ_ORDER_FIXED(`The subscription is ${before.is_ordered ? '' : 'not '}ordered, which cannot change. Send isOrdered: ${before.is_ordered}, or make a new subscription.`);
      }
      await this.requireTopic(tx, caller, before);
      const checked = await checkSettings(tx, { caller, topic: { id: before.topic_id, tenant_id: before.tenant_id }, settings, targets: this.targets });
      await replaceSettings(tx, id, checked);
      if (checked.destination.type !== 'webhook' || (await hasSecret(tx, id, checked.destination.signature))) return;
      await expireSecrets(tx, id, SECRET_OVERLAP_MS);
      await addSecret(tx, this.sealer, id, checked.destination.signature);
    });
  }

  /** Idempotent; one that delivers nothing already stays as it is, with its reason. @throws MQ_SUBSCRIPTION_NOT_FOUND */
  pause(caller: TenantCaller, id: string): Promise<SubscriptionView> {
    return this.change(caller, id, 'subscription.pause', async (tx, before) => {
      if (before.status === 'active') await pauseSubscription(tx, id);
    });
  }

  /** Idempotent: one that is active and healthy stays as it is. @param recoverSince what died since then is delivered again, too. @throws MQ_SUBSCRIPTION_NOT_FOUND, MQ_CONSUMER_NOT_ALLOWED */
  resume(caller: TenantCaller, id: string, recoverSince: string | undefined): Promise<SubscriptionView> {
    return this.change(caller, id, 'subscription.resume', async (tx, before) => {
      await this.requireTopic(tx, caller, before);
      const isHealthy = before.status === 'active' && before.breaker_state === 'closed';
      if (!isHealthy || recoverSince !== undefined) await resumeSubscription(tx, id);
      return recoverSince === undefined ? {} : { recoverSince, redriven: await redriveAll(tx, { subscriptionId: id, since: recoverSince }, RECOVERY_RATE_PER_SECOND) };
    });
  }

  /** @returns how many messages it still owed. @throws MQ_SUBSCRIPTION_NOT_FOUND */
  delete(caller: TenantCaller, id: string): Promise<number> {
    return this.catalog.run(async (tx) => {
      const row = await requireSubscription(tx, caller.tenantId, id, true);
      const [cursors, { waitingCount }] = [await cursorsOf(tx, id), await countOwed(tx, id)];
      const abandonedMessages = cursors.reduce((sum, { lag }) => sum + lag, waitingCount);
      await abandonDeliveries(tx, [id]);
      await deleteSubscription(tx, id);
      const audit = { tenantId: caller.tenantId, actor: caller.keyName, action: 'subscription.delete', resource: `subscription/${id}` };
      await writeAudit(tx, { ...audit, before: { ...withoutSecrets(toSubscriptionView(row)), abandonedMessages } });
      return { answer: abandonedMessages, changes: [{ kind: 'subscription', id }] };
    });
  }

  /** @param work returns what the audit entry tells besides the subscription itself. */
  private change(caller: TenantCaller, id: string, action: string, work: (tx: SqlRunner, before: SubscriptionRow) => Promise<object | void>): Promise<SubscriptionView> {
    return this.catalog.run(async (tx) => {
      const before = await requireSubscription(tx, caller.tenantId, id, true);
      const more = await work(tx, before);
      const after = toSubscriptionView(await requireSubscription(tx, caller.tenantId, id));
      if (after.version === before.version) return { answer: after, changes: [] };
      const audit = { tenantId: caller.tenantId, actor: caller.keyName, action, resource: `subscription/${id}` };
      await writeAudit(tx, { ...audit, before: withoutSecrets(toSubscriptionView(before)), after: { ...withoutSecrets(after), ...more } });
      return { answer: after, changes: [{ kind: 'subscription', id }] };
    });
  }

  private async requireTopic(tx: SqlRunner, caller: TenantCaller, { topic_id, topic_name }: SubscriptionRow): Promise<void> {
    const topic = await findTopicById(tx, caller.tenantId, topic_id);
    // not seen any more: it was public once
    requireConsumer(caller, topic ?? { tenant_id: '', is_public: false, allowed_consumers: [], name: topic_name });
  }
}
