import type { SmsProviderName } from '@angarium/contracts';
import { describeError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import type { Phone } from '../compose/parse-phone.js';
import { ProviderErrors } from '../deliver/provider-errors.js';
import type { SmsFate, SmsProvider } from '../deliver/sms-provider.js';
import { SmsErrors } from '../errors.js';
import { moveOf } from '../report/apply-sms-receipt.js';
import type { RecordOutcome } from '../report/record-outcome.js';
import type { ProviderChain } from '../route/provider-chain.js';
import type { Delivery, DeliveryRepository } from './delivery.repository.js';

export interface ReconcileParts {
  readonly deliveries: DeliveryRepository;
  readonly chain: ProviderChain;
  readonly recorder: RecordOutcome;
  readonly logger: Logger;
  /** A row that is `sending` for less may be of a worker that lives. */
  readonly graceMs: number;
  /** First pause between two questions; each is twice the one before. */
  readonly afterMs: number;
  /** How often a provider is asked before nobody asks any more. */
  readonly maxAsks: number;
}

/**
 * Finds out what became of an SMS of which no answer came, before anything is sent again.
 *
 * States: **sending**, by a worker that may live: it is waited for; **unknown**: the provider is asked, or a receipt comes. The answer
 * ends it: known to the provider, it counts as sent; never seen there, it may be sent again. After `maxAsks` questions without an
 * answer it stays unknown, and sms.failed says so: an SMS too few is better than a code twice.
 */
export class ReconcileDelivery {
  constructor(private readonly parts: ReconcileParts) {}

  /**
   * @returns true where nothing went out and it may be sent; false where it is settled, as the ledger now says
   * @throws SMS_IN_FLIGHT, SMS_OUTCOME_UNKNOWN with the time to ask again, or `never` at the end
   */
  async mayBeSent(delivery: Delivery, phone: Phone, signal: AbortSignal): Promise<boolean> {
    const { deliveries, recorder, graceMs, logger } = this.parts;
    const graceLeftMs = graceMs - delivery.sendingAgeMs;
    if (delivery.status === 'sending' && graceLeftMs > 0) throw SmsErrors.SMS_IN_FLIGHT(undefined, { retry: { afterMs: Math.ceil(graceLeftMs) } });
    const fate = await this.ask(delivery, phone, signal);
    logger.info({ deliveryId: delivery.id, provider: delivery.provider, state: fate.state }, 'asked what became of an SMS');
    if (fate.state === 'never-seen') {
      await deliveries.markNotSent(delivery.id, delivery.sends, { code: ProviderErrors.SMS_OUTCOME_UNKNOWN.code, reason: 'the provider never saw it' });
      return true;
    }
    const move = moveOf(fate);
    if (move === undefined) return this.stillUnknown(delivery);
    await recorder.record({ deliveryId: delivery.id, provider: delivery.provider as SmsProviderName }, move);
    return false;
  }

  private async ask({ id, provider, providerMessageId, sendingAgeMs }: Delivery, { e164 }: Phone, signal: AbortSignal): Promise<SmsFate> {
    const asked: SmsProvider | undefined = this.parts.chain.get(provider ?? '');
    if (asked?.query === undefined) return { state: 'unknown' };
    const what = { deliveryId: id, phone: e164, sentAt: new Date(Date.now() - sendingAgeMs), ...(providerMessageId === null ? {} : { providerMessageId }) };
    try {
      return await asked.query(what, signal);
    } catch (error) {
      this.parts.logger.warn({ deliveryId: id, provider, reason: describeError(error) }, 'provider cannot be asked what became of an SMS');
      return { state: 'unknown' };
    }
  }

  private async stillUnknown({ id, provider }: Delivery): Promise<never> {
    const { deliveries, recorder, afterMs, maxAsks } = this.parts;
    const asks = await deliveries.noteAsk(id);
    if (asks < maxAsks) {
      const message = `${provider} did not say whether it sent the SMS; it is asked again (${asks} of ${maxAsks}).`;
      throw ProviderErrors.SMS_OUTCOME_UNKNOWN(message, { retry: { afterMs: afterMs * 2 ** Math.max(0, asks - 1) } });
    }
    const reason = `${provider} did not say whether it sent the SMS, asked ${asks} times. It is not sent again.`;
    await recorder.record({ deliveryId: id }, { to: 'unknown', reason, at: new Date() });
    throw ProviderErrors.SMS_OUTCOME_UNKNOWN(reason);
  }
}
