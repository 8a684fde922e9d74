import { Metrics, type Counter } from '@angarium/observability';
import { Inject, Injectable } from '@nestjs/common';

/** Counts what became of each try: `sent`, `partly-sent`, `repeated`, or the code of the failure. */
@Injectable()
export class DeliveryMetrics {
  private readonly outcomes: Counter<'outcome'>;

  constructor(@Inject(Metrics) metrics: Metrics) {
    this.outcomes = metrics.counter('email_attempts_total', 'Tries to send a mail, by outcome.', ['outcome']);
  }

  count(outcome: string): void {
    this.outcomes.inc({ outcome });
  }
}
