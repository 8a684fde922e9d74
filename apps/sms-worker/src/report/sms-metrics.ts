import { Metrics, type Counter } from '@angarium/observability';
import { Inject, Injectable } from '@nestjs/common';

/** Counts tries, limits, receipts and verifications. Labels hold no phones, tenants or codes. */
@Injectable()
export class SmsMetrics {
  private readonly tries: Counter<'provider' | 'outcome'>;
  private readonly segments: Counter<'provider'>;
  private readonly limited: Counter<'rule'>;
  private readonly receipts: Counter<'provider' | 'outcome'>;
  private readonly verifications: Counter<'outcome'>;

  constructor(@Inject(Metrics) metrics: Metrics) {
    this.tries = metrics.counter('sms_attempts_total', 'Tries to send an SMS, by provider and outcome.', ['provider', 'outcome']);
    this.segments = metrics.counter('sms_segments_total', 'Segments that providers accepted.', ['provider']);
    this.limited = metrics.counter('sms_limited_total', 'SMS that a limit held back, by rule.', ['rule']);
    this.receipts = metrics.counter('sms_receipts_total', 'Receipts of providers, by what they changed.', ['provider', 'outcome']);
    // approved against sent is the alarm of SMS pumping: codes that nobody types in
    this.verifications = metrics.counter('sms_verifications_total', 'Verifications: started, resent, sent, approved, wrong, expired, canceled, max_attempts.', ['outcome']);
  }

  countTry(provider: string, outcome: string): void {
    this.tries.inc({ provider, outcome });
  }

  countSegments(provider: string, count: number): void {
    this.segments.inc({ provider }, count);
  }

  countLimited(rule: string): void {
    this.limited.inc({ rule });
  }

  countReceipt(provider: string, outcome: string): void {
    this.receipts.inc({ provider, outcome });
  }

  countVerification(outcome: string, count = 1): void {
    this.verifications.inc({ outcome }, count);
  }
}
