import { setTimeout as pause } from 'node:timers/promises';
import type { SmsProviderName } from '@angarium/contracts';
import { AngariumError, toAngariumError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import { composeSms, type Composed, type SmsContent } from '../compose/compose-sms.js';
import type { Phone } from '../compose/parse-phone.js';
import type { TemplateRepository } from '../compose/template.repository.js';
import { ProviderErrors } from '../deliver/provider-errors.js';
import type { SmsProvider } from '../deliver/sms-provider.js';
import { SmsErrors } from '../errors.js';
import { limitedError, type CountedSms, type SmsLimits } from '../limit/sms-limits.js';
import type { RecordOutcome } from '../report/record-outcome.js';
import type { SmsMetrics } from '../report/sms-metrics.js';
import type { ProviderChain } from '../route/provider-chain.js';
import type { Attempt, Delivery, DeliveryKey, DeliveryRepository } from './delivery.repository.js';
import type { ReconcileDelivery } from './reconcile-delivery.js';
import type { TryProvider } from './try-provider.js';

/** A wait as short as this is waited for where it is met; a longer one gives the job back. */
export const SHORT_WAIT_MS = 2_000;

/** One SMS to one phone. */
export interface SmsToSend extends DeliveryKey, Attempt {
  readonly phone: Phone;
  readonly content: SmsContent;
  readonly provider?: SmsProviderName | undefined;
  readonly purpose: CountedSms['purpose'];
  readonly isLastAttempt: boolean;
  /** How old it may become while limits or providers hold it back; then it fails. */
  readonly maxWaitMs: number;
  /** After which it is of no use to its reader. */
  readonly validityMs?: number | undefined;
  readonly signal: AbortSignal;
}

/** What a job answers with; holds no phone. */
export interface SentSms {
  readonly position: number;
  readonly deliveryId: string;
  readonly status: 'sent' | 'delivered' | 'undelivered';
  readonly provider: string | null;
  readonly segments: number | null;
}

export interface SendToPhoneParts {
  readonly deliveries: DeliveryRepository;
  readonly templates: TemplateRepository;
  readonly chain: ProviderChain;
  readonly limits: SmsLimits;
  readonly tries: TryProvider;
  readonly reconcile: ReconcileDelivery;
  readonly recorder: RecordOutcome;
  readonly metrics: SmsMetrics;
  readonly logger: Logger;
}

interface Candidate {
  readonly provider: SmsProvider;
  readonly composed: Extract<Composed, { canServe: true }>;
}

/**
 * One SMS from order to outcome: claim → compose → limit → route → deliver → report.
 *
 * The ledger row is `sending` before a provider is asked and closed after it answered. Whoever comes again finds a closed row and sends
 * nothing, or a `sending` one, of which the provider is asked first (ReconcileDelivery). So a worker that dies in between leaves a
 * question, not a second SMS. A person who retries the job of an SMS that failed, or of which nobody knows, has it sent once more.
 */
export class SendToPhone {
  constructor(private readonly parts: SendToPhoneParts) {}

  /**
   * Idempotent by the key. @throws SMS_LIMITED, SMS_NO_PROVIDER, SMS_REJECTED, SMS_GIVEN_UP, SMS_OUTCOME_UNKNOWN, SMS_IN_FLIGHT,
   * SMS_PROVIDER_AWAY, DATABASE_UNAVAILABLE …; a verdict { afterMs } says when it is to be tried again, at no attempt
   */
  async send(sms: SmsToSend): Promise<SentSms> {
    // what a first attempt finds closed, nobody wanted again
    if (sms.attempt > 1 && (await this.parts.deliveries.reopen(sms, sms.attempt))) {
      this.parts.logger.info({ tenant: sms.tenant, position: sms.position, attempt: sms.attempt }, 'SMS opened again: a person retried its job');
    }
    const delivery = await this.parts.deliveries.claim(sms, sms.phone, sms);
    const before = answerOf(delivery, sms.position);
    if (before !== undefined) {
      this.parts.metrics.countTry(delivery.provider ?? 'none', 'repeated');
      return before;
    }
    try {
      const maySend = delivery.status === 'claimed' || (await this.parts.reconcile.mayBeSent(delivery, sms.phone, sms.signal));
      if (maySend) return await this.sendNow(delivery, sms);
    } catch (error) {
      throw await this.afterFailure(toAngariumError(error), delivery, sms);
    }
    const after = answerOf(await this.parts.deliveries.claim(sms, sms.phone, sms), sms.position);
    if (after === undefined) throw SmsErrors.SMS_IN_FLIGHT();
    return after;
  }

  /** The job of these SMS ends as failed: what it finds closed when it comes again, a person wants sent. Idempotent. @throws DATABASE_UNAVAILABLE, DATABASE_BUSY */
  async endAt(job: Attempt & Omit<DeliveryKey, 'position'>): Promise<void> {
    await this.parts.deliveries.endAt(job.attempt, job);
  }

  private async sendNow(delivery: Delivery, sms: SmsToSend): Promise<SentSms> {
    const { limits, chain, tries } = this.parts;
    limits.requireCountry(sms.phone);
    let isFirst = delivery.sends === 0;
    let failure: AngariumError | undefined;
    for (const { provider, composed } of await this.candidates(delivery, sms)) {
      const breaker = chain.breaker(provider.name);
      if (breaker.isOpen) {
        failure ??= ProviderErrors.SMS_PROVIDER_AWAY(`${provider.name} did not answer for a while and is left alone for a moment.`);
        continue;
      }
      const counted = { ...sms, segments: composed.segments };
      await this.takeLimits(counted, provider.name, isFirst, sms.signal);
      isFirst = false;
      const outcome = await tries.send({ delivery, sms, provider, composed, breaker, cost: limits.cost(counted) });
      if (!(outcome instanceof AngariumError)) return outcome;
      // an outage says more than a refusal: the job waits for a provider that may take it
      failure = failure?.retry === 'when-available' ? failure : outcome;
    }
    throw failure ?? ProviderErrors.SMS_REJECTED(`Every provider refused it; the last one: ${delivery.lastError ?? 'unknown'}`);
  }

  /** The providers that can carry it, in order, each with what it would be given. */
  private async candidates(delivery: Delivery, { content, phone, provider, tenant }: SmsToSend): Promise<Candidate[]> {
    const { chain, templates } = this.parts;
    const template = content.templateKey === undefined ? undefined : await templates.find(tenant, content.templateKey);
    if (content.templateKey !== undefined && template === undefined) {
      throw SmsErrors.SMS_TEMPLATE_NOT_FOUND(`There is no SMS template ${content.templateKey}. Make it with PUT /sms-templates/${content.templateKey}.`, { retry: 'never' });
    }
    const all = chain.of(phone.country, provider).map((it) => ({ provider: it, composed: composeSms(content, template, it) }));
    const able = all.filter((it): it is Candidate => it.composed.canServe);
    if (able.length === 0) {
      const reasons = all.map(({ composed }) => (composed.canServe ? '' : composed.reason));
      throw SmsErrors.SMS_NO_PROVIDER(`No provider can carry this SMS: ${reasons.join(' ')}`, { details: { reasons } });
    }
    return able.filter((it) => !delivery.refusedBy.includes(it.provider.name));
  }

  private async takeLimits(counted: CountedSms, provider: SmsProviderName, isFirst: boolean, signal: AbortSignal): Promise<void> {
    const { limits, metrics } = this.parts;
    for (;;) {
      const verdict = await limits.take(counted, provider, isFirst);
      if (verdict.isGranted) return;
      if (verdict.waitMs > SHORT_WAIT_MS) {
        metrics.countLimited(verdict.limit.rule);
        throw limitedError(verdict.limit, verdict.waitMs);
      }
      await pause(verdict.waitMs, undefined, { signal });
    }
  }

  /** Closes the row when no try will follow. @returns what the job is told */
  private async afterFailure(error: AngariumError, delivery: Delivery, sms: SmsToSend): Promise<AngariumError> {
    const told = isWaiting(error, sms.purpose) && delivery.ageMs + waitOf(error) > sms.maxWaitMs ? giveUp(error) : error;
    const isOver = told.retry === 'never' || (told.retry === 'later' && sms.isLastAttempt);
    if (!isOver || told.code === ProviderErrors.SMS_OUTCOME_UNKNOWN.code) return told;
    const { recorder, logger } = this.parts;
    await recorder.record({ deliveryId: delivery.id }, { to: 'failed', code: told.code, reason: told.message, at: new Date() });
    logger.warn({ deliveryId: delivery.id, failure: told.code, attempt: sms.attempt }, 'SMS given up');
    return told;
  }
}

/** What a row that is over says; undefined where there is something to do. @throws SMS_GIVEN_UP, SMS_OUTCOME_UNKNOWN */
function answerOf({ id: deliveryId, status, provider, segments, isClosed, lastCode, lastError }: Delivery, position: number): SentSms | undefined {
  if (status === 'sent' || status === 'delivered' || status === 'undelivered') return { position, deliveryId, status, provider, segments };
  if (status === 'failed') throw SmsErrors.SMS_GIVEN_UP(`This SMS failed for good (${lastCode}) and stays so. Retry its job, or order it again under a new idempotency key.`, { details: { deliveryId, lastCode } });
  if (isClosed) throw ProviderErrors.SMS_OUTCOME_UNKNOWN(lastError ?? undefined);
  return undefined;
}

/** Held back by a limit, or, for a code that somebody waits for, by anything. */
function isWaiting(error: AngariumError, purpose: SmsToSend['purpose']): boolean {
  if (error.code === SmsErrors.SMS_LIMITED.code || error.code === ProviderErrors.SMS_THROTTLED.code) return true;
  return purpose === 'verification' && error.blame !== 'caller' && error.retry === 'when-available';
}

function waitOf({ retry }: AngariumError): number {
  return typeof retry === 'object' ? retry.afterMs : 0;
}

function giveUp({ message, cause, details, ...error }: AngariumError): AngariumError {
  const factories = [SmsErrors.SMS_LIMITED, ProviderErrors.SMS_THROTTLED, ProviderErrors.SMS_LOGIN_REFUSED];
  const make = factories.find(({ code }) => code === error.code) ?? ProviderErrors.SMS_PROVIDER_AWAY;
  return make(message, { retry: 'never', cause, details });
}
