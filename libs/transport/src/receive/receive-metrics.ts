import { Metrics, type Counter, type Histogram } from '@angarium/observability';

/** What the receiving end counts. */
export class ReceiveMetrics {
  private readonly duration: Histogram<'type' | 'outcome'>;
  private readonly retries: Counter<'type'>;
  private readonly dead: Counter<'type'>;
  private readonly taken: Counter<'type'>;

  constructor(metrics: Metrics = new Metrics('unnamed', false)) {
    this.duration = metrics.duration('handler_duration_seconds', 'Time from reading a message to the end of its handler.', ['type', 'outcome']);
    this.retries = metrics.counter('handler_retries_total', 'Handlers tried again.', ['type']);
    this.dead = metrics.counter('dead_letters_total', 'Messages given up.', ['type']);
    this.taken = metrics.counter('messages_reclaimed_total', 'Messages taken over from a replica that was not heard of.', ['type']);
  }

  handled(type: string, outcome: 'success' | 'failure', ms: number): void {
    this.duration.observe({ type, outcome }, ms / 1000);
  }

  retried(type: string): void {
    this.retries.inc({ type });
  }

  gaveUp(type: string): void {
    this.dead.inc({ type });
  }

  reclaimed(type: string, count: number): void {
    this.taken.inc({ type }, count);
  }
}
