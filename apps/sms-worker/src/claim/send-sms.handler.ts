import { SendSms, type PayloadOf } from '@angarium/contracts';
import type { JobContext, JobHandler } from '@angarium/queues';
import type { PhoneResult, SendOrder } from './send-order.js';

/** One text to one phone or a few; fails when it reaches nobody. */
export class SendSmsHandler implements JobHandler<typeof SendSms> {
  readonly contract = SendSms;

  constructor(private readonly orders: SendOrder) {}

  /** @throws what `SendOrder` throws; the first failure where every phone failed */
  async handle(order: PayloadOf<typeof SendSms>, context: JobContext): Promise<{ sms: readonly PhoneResult[] }> {
    const { sms, waiting, failure } = await this.orders.send(order, context);
    if (waiting !== undefined) throw waiting;
    if (failure !== undefined && sms.every(({ status }) => status === 'failed')) {
      await this.orders.endAt(context);
      throw failure;
    }
    await context.progress(100);
    return { sms };
  }
}
