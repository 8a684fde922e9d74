import { describeError, toAngariumError, type AngariumError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import type { Composed } from '../compose/compose-sms.js';
import { ProviderErrors } from '../deliver/provider-errors.js';
import type { AcceptedSms, SmsProvider } from '../deliver/sms-provider.js';
import { SmsErrors } from '../errors.js';
import type { RecordOutcome } from '../report/record-outcome.js';
import type { SmsMetrics } from '../report/sms-metrics.js';
import type { CircuitBreaker } from '../route/circuit-breaker.js';
import type { Delivery, DeliveryRepository } from './delivery.repository.js';
import type { SentSms, SmsToSend } from './send-to-phone.js';

/** A provider that says nothing of how long: it is asked again after this. */
const THROTTLED_MS = 5_000;

export interface TryProviderParts {
  readonly deliveries: DeliveryRepository;
  readonly recorder: RecordOutcome;
  readonly metrics: SmsMetrics;
  readonly logger: Logger;
  /** Longest wait for a provider's answer. */
  readonly timeoutMs: number;
  /** When it is first asked what became of an SMS without an answer. */
  readonly reconcileAfterMs: number;
}

export interface Try {
  readonly delivery: Delivery;
  readonly sms: SmsToSend;
  readonly provider: SmsProvider;
  readonly composed: Extract<Composed, { canServe: true }>;
  readonly breaker: CircuitBreaker;
  readonly cost: number;
}

/** One try with one provider, noted in the ledger before it begins and after it ended. */
export class TryProvider {
  constructor(private readonly parts: TryProviderParts) {}

  /**
   * @returns what was sent, or the failure after which another provider may be asked
   * @throws SMS_IN_FLIGHT where somebody else has the SMS; SMS_REJECTED, SMS_THROTTLED, SMS_OUTCOME_UNKNOWN: no other provider may be asked
   */
  async send(given: Try): Promise<SentSms | AngariumError> {
    const { delivery, sms, provider, composed, breaker, cost } = given;
    const { deliveries, recorder, metrics, logger, timeoutMs } = this.parts;
    if (!breaker.tryPass()) return ProviderErrors.SMS_PROVIDER_AWAY(`${provider.name} is being tried by another SMS.`);
    const sends = await deliveries.markSending(delivery.id, provider.name, composed.segments, cost);
    if (sends === undefined) throw SmsErrors.SMS_IN_FLIGHT();
    const outgoing = { ...composed.content, phone: sms.phone.e164, deliveryId: delivery.id, ...(sms.validityMs === undefined ? {} : { validityMs: sms.validityMs }) };
    let accepted: AcceptedSms;
    try {
      accepted = await provider.send(outgoing, AbortSignal.any([sms.signal, AbortSignal.timeout(timeoutMs)]));
    } catch (error) {
      return this.afterRefusal(error, sends, given);
    }
    breaker.succeeded();
    const { providerMessageId, segments = composed.segments, price } = accepted;
    await recorder.record({ deliveryId: delivery.id }, { to: 'sent', providerMessageId, segments, ...(price && { price }), at: new Date() });
    metrics.countTry(provider.name, 'sent');
    metrics.countSegments(provider.name, segments);
    logger.info({ deliveryId: delivery.id, provider: provider.name, segments, attempt: sms.attempt }, 'SMS sent');
    return { position: sms.position, deliveryId: delivery.id, status: 'sent', provider: provider.name, segments };
  }

  private async afterRefusal(thrown: unknown, sends: number, { delivery, provider, breaker }: Try): Promise<AngariumError> {
    const { deliveries, metrics, logger, reconcileAfterMs } = this.parts;
    const error = toAngariumError(thrown);
    const { code, message: reason } = error;
    metrics.countTry(provider.name, isProviderError(error) ? code : ProviderErrors.SMS_OUTCOME_UNKNOWN.code);
    logger.warn({ deliveryId: delivery.id, provider: provider.name, failure: code }, 'provider did not take an SMS');
    if (code === ProviderErrors.SMS_REJECTED.code) {
      breaker.succeeded();
      await deliveries.markNotSent(delivery.id, sends, { code, reason, refusedBy: provider.name });
      if (mayFailover(error)) return error;
      throw error;
    }
    if (code === ProviderErrors.SMS_THROTTLED.code) {
      breaker.succeeded();
      await deliveries.markNotSent(delivery.id, sends, { code, reason });
      throw typeof error.retry === 'object' ? error : ProviderErrors.SMS_THROTTLED(reason, { retry: { afterMs: THROTTLED_MS } });
    }
    breaker.failed();
    if (code === ProviderErrors.SMS_PROVIDER_AWAY.code || code === ProviderErrors.SMS_LOGIN_REFUSED.code) {
      await deliveries.markNotSent(delivery.id, sends, { code, reason });
      return error;
    }
    // whatever else it was: nobody has proved that nothing went out
    await deliveries.markUnknown(delivery.id, sends, describeError(thrown));
    throw ProviderErrors.SMS_OUTCOME_UNKNOWN(`${provider.name} did not say whether it sent the SMS; it is asked.`, { cause: thrown, retry: { afterMs: reconcileAfterMs } });
  }
}

function isProviderError({ code }: AngariumError): boolean {
  return Object.hasOwn(ProviderErrors, code);
}

function mayFailover({ details }: AngariumError): boolean {
  return typeof details === 'object' && details !== null && 'mayFailover' in details && details.mayFailover === true;
}
