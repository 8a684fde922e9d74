import { SendBatchSms, type PayloadOf } from '@angarium/contracts';
import { toAngariumError, type AngariumError } from '@angarium/errors';
import type { JobContext, JobHandler } from '@angarium/queues';
import { sooner, type PhoneResult, type SendOrder } from './send-order.js';

/** Orders of one batch that are sent side by side. */
const LANES = 5;
/** A batch may be held back by limits for so many times as long as a single SMS: nobody waits for it at a screen. */
const PATIENCE = 144;

/** What became of one message of a batch, by its place in the list. Holds no phones. */
export interface BatchItem {
  readonly index: number;
  readonly sms: readonly PhoneResult[];
  /** Where the message was refused as a whole. */
  readonly code?: string;
  readonly reason?: string;
}

/**
 * Many SMS, each with its own result: one that fails spares the rest. Each has its own key (`<key>#<place>`), so a batch that begins
 * again, after a crash or because a limit held some of it back, finds what it did in the ledger and goes on from there.
 */
export class SendBatchSmsHandler implements JobHandler<typeof SendBatchSms> {
  readonly contract = SendBatchSms;

  constructor(private readonly orders: SendOrder) {}

  /** @throws an outage (Postgres, Redis, every provider); else the shortest wait of those that are held back, when the others are done */
  async handle({ messages }: PayloadOf<typeof SendBatchSms>, context: JobContext): Promise<{ sentCount: number; failedCount: number; items: BatchItem[] }> {
    const items: BatchItem[] = [];
    let waiting: AngariumError | undefined;
    let next = 0;
    let percent = 0;
    const lane = async () => {
      for (let index = next++; index < messages.length && !context.signal.aborted; index = next++) {
        const { waiting: held, ...item } = await this.one(messages, index, context);
        waiting = sooner(waiting, held);
        if (held === undefined) items.push(item);
        const done = Math.floor((items.length / messages.length) * 100);
        if (done > percent) await context.progress((percent = done));
      }
    };
    const lanes = await Promise.allSettled(Array.from({ length: LANES }, lane));
    const broken = lanes.find((it) => it.status === 'rejected');
    if (broken !== undefined) throw broken.reason;
    context.signal.throwIfAborted();
    if (waiting !== undefined) throw waiting;
    items.sort((a, b) => a.index - b.index);
    const all = items.flatMap(({ sms, code }) => (code === undefined ? sms.map(({ status }) => status) : ['failed' as const]));
    const failedCount = all.filter((status) => status === 'failed').length;
    return { sentCount: all.length - failedCount, failedCount, items };
  }

  private async one(messages: PayloadOf<typeof SendBatchSms>['messages'], index: number, context: JobContext): Promise<BatchItem & { waiting?: AngariumError }> {
    const order = messages[index];
    if (order === undefined) return { index, sms: [] };
    try {
      const { sms, waiting } = await this.orders.send(order, context, `${context.idempotencyKey}#${index}`, PATIENCE);
      return { index, sms, ...(waiting && { waiting }) };
    } catch (thrown) {
      const error = toAngariumError(thrown);
      if (error.retry !== 'never') throw error;
      return { index, sms: [], code: error.code, reason: error.message };
    }
  }
}
