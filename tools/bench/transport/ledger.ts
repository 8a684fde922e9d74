import { build, type Histogram } from 'hdr-histogram-js';
import { now } from './clock.js';
import { numberOf, phaseOf } from './numbered-users.js';

/** When message n of an open-loop phase is meant to be sent: `startAt + n * intervalMs`. */
export interface Schedule {
  readonly startAt: number;
  readonly intervalMs: number;
}

/** Milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

export interface Received {
  /** Distinct messages. */
  readonly handled: number;
  readonly duplicates: number;
  /** When the last one was handled, by `now()`. */
  readonly lastAt: number;
  readonly latency: Latency | undefined;
}

/** Latencies in microseconds, one minute at most. */
export class LatencyRecorder {
  private readonly histogram: Histogram = build({ lowestDiscernibleValue: 1, highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: 3 });

  record(ms: number): void {
    this.histogram.recordValue(Math.min(60_000_000, Math.max(1, Math.round(ms * 1_000))));
  }

  latency(): Latency | undefined {
    if (this.histogram.totalCount === 0) return undefined;
    const at = (percentile: number) => this.histogram.getValueAtPercentile(percentile) / 1_000;
    return { p50: at(50), p95: at(95), p99: at(99), max: this.histogram.maxValue / 1_000 };
  }
}

/** What arrived in the phase that runs, each message by its number: a lost one is missed, a doubled one told apart. */
export class Ledger {
  private phase = -1;
  private schedule: Schedule | undefined;
  private seen = new Uint8Array(1 << 16);
  private handled = 0;
  private duplicates = 0;
  private lastAt = 0;
  private recorder = new LatencyRecorder();

  /** Begins a phase; what still comes from an earlier one is not counted. */
  begin(phase: number, schedule?: Schedule): void {
    this.phase = phase;
    this.schedule = schedule;
    this.seen.fill(0);
    this.handled = this.duplicates = 0;
    this.recorder = new LatencyRecorder();
  }

  take(userId: string): void {
    if (phaseOf(userId) !== this.phase) return;
    const n = numberOf(userId);
    if (n >= this.seen.length) this.grow(n);
    if (this.seen[n] === 1) {
      this.duplicates += 1;
      return;
    }
    this.seen[n] = 1;
    this.handled += 1;
    this.lastAt = now();
    if (this.schedule !== undefined) this.recorder.record(this.lastAt - (this.schedule.startAt + n * this.schedule.intervalMs));
  }

  /** Waits until `count` distinct messages were handled, or until nothing new came for `quietMs`. */
  async collect(count: number, quietMs: number): Promise<Received> {
    let changedAt = now();
    for (let before = this.handled; this.handled < count && now() - changedAt < quietMs; ) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (this.handled !== before) changedAt = now();
      before = this.handled;
    }
    return { handled: this.handled, duplicates: this.duplicates, lastAt: this.lastAt, latency: this.recorder.latency() };
  }

  private grow(n: number): void {
    const larger = new Uint8Array(2 ** Math.ceil(Math.log2(n + 1)));
    larger.set(this.seen);
    this.seen = larger;
  }
}
