import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export type { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Seconds, from half a millisecond to a minute. */
const durationBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** The metrics of one process, in Prometheus' text form at GET /metrics. Names begin with `angarium_`; those of job queues with `bull_`, as is usual. */
export class Metrics {
  readonly registry = new Registry();

  constructor(service: string, withProcessMetrics = true) {
    this.registry.setDefaultLabels({ service });
    if (withProcessMetrics) collectDefaultMetrics({ register: this.registry });
  }

  counter<L extends string>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> {
    return this.existing<Counter<L>>(name) ?? new Counter({ name: fullName(name), help, labelNames, registers: [this.registry] });
  }

  /** @param collect is called at each scrape and sets the values; it must not throw. */
  gauge<L extends string>(name: string, help: string, labelNames: readonly L[] = [], collect?: () => Promise<void>): Gauge<L> {
    return this.existing<Gauge<L>>(name) ?? new Gauge({ name: fullName(name), help, labelNames, registers: [this.registry], ...(collect === undefined ? {} : { collect }) });
  }

  /** A distribution of seconds. */
  duration<L extends string>(name: string, help: string, labelNames: readonly L[] = []): Histogram<L> {
    return (
      this.existing<Histogram<L>>(name) ??
      new Histogram({ name: fullName(name), help, labelNames, buckets: durationBuckets, registers: [this.registry] })
    );
  }

  private existing<M>(name: string): M | undefined {
    return this.registry.getSingleMetric(fullName(name)) as M | undefined;
  }
}

function fullName(name: string): string {
  return name.startsWith('bull_') ? name : `angarium_${name}`;
}
