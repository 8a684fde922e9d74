import type { TenantCaller } from '@angarium/auth';
import type { AnswerOf, BodyOf } from '@angarium/contracts';
import type { DiscardDeadLetters, RedriveDeadLetters } from '@angarium/contracts/broker-api';
import type { SqlRunner } from '@angarium/database';
import { Injectable } from '@nestjs/common';
import { ChangeCatalog } from '../../../catalog/change-catalog.js';
import { requireSubscription } from '../../../catalog/subscriptions/require-subscription.js';
import { MqErrors } from '../../../errors.js';
import { writeAudit } from '../../../watch/audit/write-audit.js';
import { countDeadLetters, findDeadLetter, toDeadLetterView, type DeadLetterView } from './dead-letter.repository.js';
import { discardAll, discardOne, redriveAll, redriveOne } from './redrive.repository.js';

/** Redrives dead letters and discards them, by the caller's word and with an audit entry. */
@Injectable()
export class SettleDeadLetters {
  constructor(private readonly catalog: ChangeCatalog) {}

  /** @returns the dead letter as it was, with the redrive counted. @throws MQ_SUBSCRIPTION_NOT_FOUND, MQ_DEAD_LETTER_NOT_FOUND */
  async redriveOne(caller: TenantCaller, subscriptionId: string, id: string): Promise<DeadLetterView> {
    const was = await this.settleOne(caller, subscriptionId, id, 'dead-letter.redrive', redriveOne);
    return { ...was, redrives: was.redrives + 1 };
  }

  /** @returns the dead letter as it was. @throws MQ_SUBSCRIPTION_NOT_FOUND, MQ_DEAD_LETTER_NOT_FOUND */
  discardOne(caller: TenantCaller, subscriptionId: string, id: string): Promise<DeadLetterView> {
    return this.settleOne(caller, subscriptionId, id, 'dead-letter.discard', discardOne);
  }

  /** A dry run counts and changes nothing. @throws MQ_SUBSCRIPTION_NOT_FOUND */
  async redriveMany(caller: TenantCaller, subscriptionId: string, body: BodyOf<typeof RedriveDeadLetters>): Promise<AnswerOf<typeof RedriveDeadLetters>> {
    const redrive = (tx: SqlRunner) => redriveAll(tx, { ...body, subscriptionId }, body.ratePerSecond, body.limit);
    const { count, remaining } = await this.settleMany(caller, subscriptionId, body, 'dead-letter.redrive-many', redrive);
    return { redriven: count, remaining };
  }

  /** A dry run counts and changes nothing. @throws MQ_SUBSCRIPTION_NOT_FOUND */
  async discardMany(caller: TenantCaller, subscriptionId: string, body: BodyOf<typeof DiscardDeadLetters>): Promise<AnswerOf<typeof DiscardDeadLetters>> {
    const discard = (tx: SqlRunner) => discardAll(tx, { ...body, subscriptionId }, body.limit);
    const { count, remaining } = await this.settleMany(caller, subscriptionId, body, 'dead-letter.discard-many', discard);
    return { discarded: count, remaining };
  }

  private settleOne(
    caller: TenantCaller,
    subscriptionId: string,
    id: string,
    action: string,
    settle: (tx: SqlRunner, id: string) => Promise<void>,
  ): Promise<DeadLetterView> {
    return this.catalog.run(async (tx) => {
      await requireSubscription(tx, caller.tenantId, subscriptionId);
      const row = await findDeadLetter(tx, subscriptionId, id, true);
      if (!row) throw deadLetterNotFound(subscriptionId, id);
      const answer = toDeadLetterView(row);
      await settle(tx, id);
      await writeAudit(tx, { tenantId: caller.tenantId, actor: caller.keyName, action, resource: `dead-letter/${id}`, before: answer });
      return { answer, changes: [{ kind: 'subscription', id: subscriptionId }] };
    });
  }

  private settleMany(
    caller: TenantCaller,
    subscriptionId: string,
    body: BodyOf<typeof DiscardDeadLetters>,
    action: string,
    settle: (tx: SqlRunner) => Promise<number>,
  ): Promise<{ readonly count: number; readonly remaining: number }> {
    return this.catalog.run(async (tx) => {
      await requireSubscription(tx, caller.tenantId, subscriptionId);
      const filter = { ...body, subscriptionId };
      if (body.isDryRun) {
        const all = await countDeadLetters(tx, filter);
        const count = Math.min(all, body.limit);
        return { answer: { count, remaining: all - count }, changes: [] };
      }
      const answer = { count: await settle(tx), remaining: await countDeadLetters(tx, filter) };
      await writeAudit(tx, { tenantId: caller.tenantId, actor: caller.keyName, action, resource: `subscription/${subscriptionId}`, after: { ...body, ...answer } });
      return { answer, changes: [{ kind: 'subscription', id: subscriptionId }] };
    });
  }
}

export function deadLetterNotFound(subscriptionId: string, id: string) {
  return MqErrors.MQ_DEAD_LETTER_NOT_FOUND(`The subscription ${subscriptionId} has no dead letter ${id}. It may have been redriven or discarded; list them again.`);
}
