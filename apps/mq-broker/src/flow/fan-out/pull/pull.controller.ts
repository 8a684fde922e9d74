import type { TenantCaller } from '@angarium/auth';
import { AckMessages, ExtendMessages, NackMessages, PullMessages as PullRoute } from '@angarium/contracts/broker-api';
import { Route, type RouteCall } from '@angarium/service-shell';
import { Controller } from '@nestjs/common';
import { SubscriptionCache } from '../../../catalog/subscriptions/subscription-cache.js';
import type { Subscription } from '../../../catalog/subscriptions/subscription.js';
import { MqErrors } from '../../../errors.js';
import { PullMessages } from './pull-messages.js';
import { SettlePulled, type SettleResult } from './settle-pulled.js';

@Controller()
export class PullController {
  constructor(
    private readonly subscriptions: SubscriptionCache,
    private readonly messages: PullMessages,
    private readonly settled: SettlePulled,
  ) {}

  @Route(PullRoute)
  async pull(call: RouteCall<typeof PullRoute>): Promise<string> {
    const { caller, params, body } = call;
    const subscription = await this.mine(caller, params.id);
    if (subscription.status !== 'active') throw MqErrors.MQ_SUBSCRIPTION_PAUSED(`The subscription is ${subscription.status}. Resume it with POST /api/v1/mq/subscriptions/${params.id}/resume.`);
    const messages = await this.messages.pull(subscription, Math.min(body.max, subscription.batchSize), body.waitMs, () => call.signal);
    call.setHeader('content-type', 'application/json; charset=utf-8');
    return `{"messages":[${messages.join(',')}]}`;
  }

  @Route(AckMessages)
  async ack({ caller, params, body }: RouteCall<typeof AckMessages>): Promise<SettleResult> {
    return this.settled.ack(await this.mine(caller, params.id), body.receipts);
  }

  @Route(NackMessages)
  async nack({ caller, params, body }: RouteCall<typeof NackMessages>): Promise<SettleResult> {
    const subscription = await this.mine(caller, params.id);
    if (body.release === true) return this.settled.release(subscription, body.receipts);
    return this.settled.nack(subscription, body.receipts, body.delayMs, body.reason);
  }

  @Route(ExtendMessages)
  async extend({ caller, params, body }: RouteCall<typeof ExtendMessages>): Promise<SettleResult> {
    return this.settled.extend(await this.mine(caller, params.id), body.receipts);
  }

  private async mine(caller: TenantCaller, id: string): Promise<Subscription> {
    const subscription = await this.subscriptions.find(id);
    if (subscription === undefined || subscription.tenantId !== caller.tenantId) throw MqErrors.MQ_SUBSCRIPTION_NOT_FOUND();
    if (subscription.destination.type !== 'pull') throw MqErrors.MQ_NOT_A_PULL_SUBSCRIPTION();
    const { allowedConsumers } = subscription;
    if (allowedConsumers.size > 0 && !allowedConsumers.has(caller.keyName)) throw MqErrors.MQ_CONSUMER_NOT_ALLOWED();
    return subscription;
  }
}
