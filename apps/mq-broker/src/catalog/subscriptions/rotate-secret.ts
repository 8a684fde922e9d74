import type { TenantCaller } from '@angarium/auth';
import type { AnswerOf, BodyOf } from '@angarium/contracts';
import type { RotateSecret as Contract } from '@angarium/contracts/broker-api';
import { Injectable } from '@nestjs/common';
import { MqErrors } from '../../errors.js';
import { InjectSealer, type Sealer } from '../../sealer.js';
import { writeAudit } from '../../watch/audit/write-audit.js';
import { ChangeCatalog } from '../change-catalog.js';
import { requireSubscription } from './require-subscription.js';
import { toSubscriptionView } from './subscription-row.js';
import { setSignature } from './subscription.repository.js';
import { addSecret, expireSecrets } from './webhook-secret.repository.js';

/** Replaces the signing secret of a webhook; for a while both sign, so that the receiver may change over when it likes. */
@Injectable()
export class RotateSecret {
  constructor(
    private readonly catalog: ChangeCatalog,
    @InjectSealer() private readonly sealer: Sealer,
  ) {}

  /** @returns the new secret, which is never shown again. @throws MQ_SUBSCRIPTION_NOT_FOUND, MQ_NOT_A_WEBHOOK */
  rotate(caller: TenantCaller, id: string, { overlapMs, signature }: BodyOf<typeof Contract>): Promise<AnswerOf<typeof Contract>> {
    return this.catalog.run(async (tx) => {
      const { destination } = toSubscriptionView(await requireSubscription(tx, caller.tenantId, id, true));
      if (destination.type !== 'webhook') throw MqErrors.MQ_NOT_A_WEBHOOK();
      const scheme = signature ?? destination.signature;
      const oldExpiresAt = (await expireSecrets(tx, id, overlapMs))?.toISOString() ?? null;
      const shown = await addSecret(tx, this.sealer, id, scheme);
      await setSignature(tx, id, scheme);
      const audit = { tenantId: caller.tenantId, actor: caller.keyName, action: 'subscription.rotate-secret', resource: `subscription/${id}` };
      await writeAudit(tx, { ...audit, before: { signature: destination.signature }, after: { signature: scheme, publicKey: shown.publicKey, oldExpiresAt } });
      return { answer: { ...shown, oldExpiresAt }, changes: [{ kind: 'subscription', id }] };
    });
  }
}
