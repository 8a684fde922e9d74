import type { Logger } from '@angarium/observability';
import type { SmsFate } from '../deliver/sms-provider.js';
import { ApplyReceipt, type Receipt } from '../receive/apply-receipt.js';
import type { Move } from './decide-move.js';
import type { RecordOutcome } from './record-outcome.js';
import type { SmsMetrics } from './sms-metrics.js';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What a fate means for the ledger; undefined where it says nothing. Pure. */
export function moveOf(fate: SmsFate): Move | undefined {
  switch (fate.state) {
    case 'accepted':
    case 'sent':
      return { to: 'sent', providerMessageId: fate.providerMessageId, at: fate.at ?? new Date() };
    case 'delivered':
      return { to: 'delivered', providerMessageId: fate.providerMessageId, at: fate.at ?? new Date() };
    case 'failed':
      return { to: 'undelivered', ...(fate.providerMessageId === undefined ? {} : { providerMessageId: fate.providerMessageId }), code: fate.code, reason: fate.reason, at: fate.at ?? new Date() };
    case 'unknown':
    case 'never-seen':
      return undefined;
  }
}

/** Moves SMS by their receipts: only those that are with the provider that tells, only forwards, however often it tells. */
export class ApplySmsReceipt extends ApplyReceipt {
  constructor(
    private readonly recorder: RecordOutcome,
    private readonly metrics: SmsMetrics,
    private readonly logger: Logger,
  ) {
    super();
  }

  async apply({ provider, providerMessageId, deliveryId, fate }: Receipt): Promise<void> {
    const move = moveOf(fate);
    const which = { provider, ...(deliveryId !== undefined && uuid.test(deliveryId) ? { deliveryId } : {}), ...(providerMessageId === undefined ? {} : { providerMessageId }) };
    const moved = move === undefined ? undefined : await this.recorder.record(which, move);
    this.metrics.countReceipt(provider, moved === undefined ? 'nothing-new' : moved.status);
    this.logger.debug({ provider, deliveryId: moved?.deliveryId ?? deliveryId, state: fate.state, changed: moved?.status }, 'receipt of an SMS');
  }
}
