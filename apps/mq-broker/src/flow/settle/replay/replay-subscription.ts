import type { TenantCaller } from '@angarium/auth';
import type { AnswerOf, BodyOf } from '@angarium/contracts';
import type { ReplaySubscription as Contract } from '@angarium/contracts/broker-api';
import type { SqlRunner } from '@angarium/database';
import { Injectable } from '@nestjs/common';
import { ChangeCatalog } from '../../../catalog/change-catalog.js';
import { invalidField } from '../../../catalog/invalid-field.js';
import { cursorsOf } from '../../../catalog/subscriptions/cursor.repository.js';
import { requireSubscription } from '../../../catalog/subscriptions/require-subscription.js';
import { MqErrors } from '../../../errors.js';
import { writeAudit } from '../../../watch/audit/write-audit.js';
import { findForReplay, insertReplayFeeds, replayMessage } from './replay.repository.js';

type Input = BodyOf<typeof Contract>;

/** Delivers again what one subscription has had, from the records; no other subscription notices. */
@Injectable()
export class ReplaySubscription {
  constructor(private readonly catalog: ChangeCatalog) {}

  /** Returns when it is noted down; the messages follow little by little. @throws MQ_SUBSCRIPTION_NOT_FOUND, MQ_MESSAGE_NOT_FOUND, INVALID_INPUT for an unknown partition. */
  replay(caller: TenantCaller, id: string, input: Input): Promise<AnswerOf<typeof Contract>> {
    return this.catalog.run(async (tx) => {
      await requireSubscription(tx, caller.tenantId, id, true);
      const replayedMessages = input.messageId === undefined ? await replayStretch(tx, id, input) : await replayOne(tx, id, input.messageId);
      const audit = { tenantId: caller.tenantId, actor: caller.keyName, action: 'subscription.replay', resource: `subscription/${id}` };
      await writeAudit(tx, { ...audit, after: { ...input, replayedMessages } });
      return { answer: { replayedMessages }, changes: [{ kind: 'subscription', id }] };
    });
  }
}

async function replayStretch(tx: SqlRunner, subscriptionId: string, input: Input): Promise<number> {
  const [fromOffset, fromTime, untilOffset] = [input.fromOffset ?? null, input.fromTime ?? null, input.untilOffset ?? null];
  // an offset means nothing without its partition
  const chosen = input.partition ?? (fromOffset === null ? null : 0);
  const cursors = await cursorsOf(tx, subscriptionId);
  if (chosen !== null && !cursors.some((it) => it.partition === chosen)) throw invalidField('partition', `is none of the topic, which has 0 to ${cursors.length - 1}`);
  return insertReplayFeeds(tx, { subscriptionId, partition: chosen, fromOffset, fromTime, untilOffset });
}

async function replayOne(tx: SqlRunner, subscriptionId: string, messageId: string): Promise<number> {
  const found = await findForReplay(tx, subscriptionId, messageId);
  if (!found) throw MqErrors.MQ_MESSAGE_NOT_FOUND(`The topic of the subscription has no message ${messageId}, or its retention has passed. Check the id.`);
  return replayMessage(tx, subscriptionId, found);
}
