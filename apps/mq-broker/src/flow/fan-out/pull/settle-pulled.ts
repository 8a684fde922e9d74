import type { AngariumError } from '@angarium/errors';
import type { Subscription } from '../../../catalog/subscriptions/subscription.js';
import { MqErrors } from '../../../errors.js';
import type { PartitionStreams } from '../../partition-streams.js';
import type { RecordRepository } from '../../record.repository.js';
import type { AttemptLog } from '../../settle/attempt-log.js';
import type { LedgerRepository } from '../../settle/ledger.repository.js';
import type { SettleDelivery } from '../../settle/settle-delivery.js';
import { pullConsumer } from './pull-messages.js';
import { readReceipt, type Receipt } from './receipt.js';

export interface SettleResult {
  readonly settled: number;
  readonly refused: readonly { readonly receipt: string; readonly code: string; readonly message: string }[];
}

type StreamReceipt = Extract<Receipt, { kind: 'stream' }>;
type LedgerReceipt = Extract<Receipt, { kind: 'ledger' }>;

/** What pull consumers say of the messages they were given: done, failed, not begun, or still at it. A receipt that is no proof any more is refused, one by one. */
export class SettlePulled {
  constructor(
    private readonly streams: PartitionStreams,
    private readonly ledger: LedgerRepository,
    private readonly settle: SettleDelivery,
    private readonly records: RecordRepository,
    private readonly log: AttemptLog,
    /** @param tookMs from the publish to the acknowledgement, as for what is pushed. */
    private readonly onDelivered: (subscription: Subscription, tookMs: number) => void,
  ) {}

  /** Done: they are settled. */
  ack(subscription: Subscription, receipts: readonly string[]): Promise<SettleResult> {
    return this.each(receipts, async (stream, ledger) => {
      const refused = new Set<Receipt>();
      await forEachConsumer(stream, async (partition, consumer, group) => {
        const late = new Set(await this.streams.acknowledge({ topicId: subscription.topicId, partition }, subscription.id, consumer, group.map(({ offset }) => offset)));
        for (const it of group) if (late.has(it.offset)) refused.add(it);
      });
      const ours = await this.ledger.settle(ledger, subscription.id);
      for (const it of ledger) if (!ours.has(it.id)) refused.add(it);
      this.noteSuccess(subscription, [...stream, ...ledger].filter((it) => !refused.has(it)));
      return refused;
    });
  }

  /** Failed: tried again after `delayMs`, or when the retry policy says, or dead. */
  nack(subscription: Subscription, receipts: readonly string[], delayMs: number | undefined, reason = 'the consumer gave it back'): Promise<SettleResult> {
    return this.each(receipts, async (stream, ledger) => {
      const refused = new Set<Receipt>();
      await forEachConsumer(stream, async (partition, consumer, group) => {
        const at = { topicId: subscription.topicId, partition };
        const owned = await this.streams.owned(at, subscription.id, consumer, group.map(({ offset }) => offset));
        const inLedger: number[] = [];
        for (const it of group) {
          if (!owned.has(it.offset)) refused.add(it);
          else if (await this.failOne(subscription, it, delayMs, reason)) inLedger.push(it.offset);
        }
        await this.streams.acknowledge(at, subscription.id, consumer, inLedger);
      });
      const ours = await this.ledger.keep(ledger, subscription.ackTimeoutMs, subscription.id);
      for (const it of ledger) {
        if (ours.has(it.id)) await this.failOne(subscription, it, delayMs, reason);
        else refused.add(it);
      }
      return refused;
    });
  }

  /** Not begun: given to whoever asks next, as if they had not been pulled. */
  release(subscription: Subscription, receipts: readonly string[]): Promise<SettleResult> {
    return this.each(receipts, async (stream, ledger) => {
      const refused = new Set<Receipt>();
      await forEachConsumer(stream, async (partition, consumer, group) => {
        const at = { topicId: subscription.topicId, partition };
        const owned = await this.streams.owned(at, subscription.id, consumer, group.map(({ offset }) => offset));
        for (const it of group) if (!owned.has(it.offset)) refused.add(it);
        await this.streams.acknowledge(at, subscription.id, consumer, await this.parkUnbegun(subscription, partition, [...owned]));
      });
      const ours = await this.ledger.giveBack(ledger, subscription.id);
      for (const it of ledger) if (!ours.has(it.id)) refused.add(it);
      return refused;
    });
  }

  /** Still at it: another ackTimeoutMs, counted from now. */
  extend(subscription: Subscription, receipts: readonly string[]): Promise<SettleResult> {
    return this.each(receipts, async (stream, ledger) => {
      const refused = new Set<Receipt>();
      await forEachConsumer(stream, async (partition, consumer, group) => {
        const lost = new Set(await this.streams.keep({ topicId: subscription.topicId, partition }, subscription.id, consumer, group.map(({ offset }) => offset)));
        for (const it of group) if (lost.has(it.offset)) refused.add(it);
      });
      const ours = await this.ledger.keep(ledger, subscription.ackTimeoutMs, subscription.id);
      for (const it of ledger) if (!ours.has(it.id)) refused.add(it);
      return refused;
    });
  }

  /** @returns the offsets that need not stay in the stream any more. */
  private async parkUnbegun(subscription: Subscription, partition: number, offsets: readonly number[]): Promise<number[]> {
    const at = { topicId: subscription.topicId, partition };
    const recorded = new Map((await this.records.some(at, offsets)).map((message) => [message.offset, message]));
    const outcomes = await Promise.all(
      offsets.map(async (offset) => {
        const message = recorded.get(offset) ?? (await this.streams.range(at, offset, offset, 1))[0];
        // without a message its retention is over: nobody can deliver it any more
        return message === undefined || (await this.settle.released({ subscription, message }, recorded.has(offset)));
      }),
    );
    return offsets.filter((_, nth) => outcomes[nth]);
  }

  private async failOne(subscription: Subscription, receipt: Receipt, delayMs: number | undefined, reason: string): Promise<boolean> {
    const { partition, offset, takenAtMs } = receipt;
    const [message] = await this.records.range({ topicId: subscription.topicId, partition }, offset, offset, 1);
    const [found] = message === undefined ? await this.streams.range({ topicId: subscription.topicId, partition }, offset, offset, 1) : [message];
    if (found === undefined) return true; // its retention is over: nobody can deliver it any more
    const hold = receipt.kind === 'stream' ? ({ kind: 'parked' } as const) : ({ kind: 'ledger', id: receipt.id, token: receipt.token, redrives: receipt.redrives } as const);
    const attempt = receipt.kind === 'stream' ? 1 : receipt.attempt;
    const observed = { startedAt: new Date(takenAtMs), durationMs: Date.now() - takenAtMs };
    return this.settle.failed({ subscription, message: found, attempt, hold }, { reason, retryInMs: delayMs }, observed);
  }

  private noteSuccess(subscription: Subscription, receipts: readonly (StreamReceipt | LedgerReceipt)[]): void {
    const now = Date.now();
    const { id: subscriptionId, tenantId } = subscription;
    for (const { publishedAtMs } of receipts) this.onDelivered(subscription, Math.max(0, now - publishedAtMs));
    this.log.note(
      receipts.map((it) => ({
        ...{ subscriptionId, tenantId, messageId: it.messageId, partition: it.partition, offset: it.offset, status: 'success' as const },
        ...{ attempt: it.kind === 'stream' ? 1 : it.attempt, startedAt: new Date(it.takenAtMs), durationMs: Math.max(0, now - it.takenAtMs) },
      })),
    );
  }

  private async each(receipts: readonly string[], work: (stream: StreamReceipt[], ledger: LedgerReceipt[]) => Promise<Set<Receipt>>): Promise<SettleResult> {
    const refused: { receipt: string; code: string; message: string }[] = [];
    const refuse = (receipt: string, { code, message }: AngariumError) => refused.push({ receipt, code, message });
    const texts = new Map<Receipt, string>();
    const stream: StreamReceipt[] = [];
    const ledger: LedgerReceipt[] = [];
    for (const text of new Set(receipts)) {
      try {
        const receipt = readReceipt(text);
        texts.set(receipt, text);
        if (receipt.kind === 'stream') stream.push(receipt);
        else ledger.push(receipt);
      } catch (error) {
        refuse(text, error as AngariumError);
      }
    }
    const late = await work(stream, ledger);
    for (const receipt of late) refuse(texts.get(receipt) ?? '', MqErrors.MQ_RECEIPT_EXPIRED());
    return { settled: texts.size - late.size, refused };
  }
}

/** Entries are settled a partition at a time, under the name that the pull took them by. */
async function forEachConsumer(
  receipts: readonly StreamReceipt[],
  work: (partition: number, consumer: string, receipts: readonly StreamReceipt[]) => Promise<void>,
): Promise<void> {
  const groups = new Map<string, StreamReceipt[]>();
  for (const it of receipts) {
    const name = `${it.partition} ${it.epoch}`;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [it]);
    else group.push(it);
  }
  await Promise.all([...groups.values()].map(async (group) => group[0] && work(group[0].partition, pullConsumer(group[0].epoch), group)));
}
