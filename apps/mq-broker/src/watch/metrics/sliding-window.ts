import { BUCKET_COUNT, bucketOf } from './latency-buckets.js';
import { countKinds, type CountKind, type WindowTotals } from './window-totals.js';

export const SLOT_MS = 10_000;
/** Five minutes, of which the slot that is being filled is one. */
export const SLOT_COUNT = 30;
const KIND_COUNT = countKinds.length;
const kindIndex = Object.fromEntries(countKinds.map((kind, at) => [kind, at])) as Record<CountKind, number>;

/**
 * Counts of the last five minutes in slots of ten seconds, for which nothing is allocated after it was made:
 * a slot is emptied when its turn comes again. Times are milliseconds of a clock that never goes back.
 */
export class SlidingWindow {
  private readonly counts = new Uint32Array(SLOT_COUNT * KIND_COUNT);
  private readonly sums = new Float64Array(SLOT_COUNT);
  private readonly buckets: Uint32Array | undefined;
  private slot: number;

  constructor(
    private readonly startedAt: number,
    { hasLatencies }: { readonly hasLatencies: boolean },
  ) {
    this.slot = Math.floor(startedAt / SLOT_MS);
    if (hasLatencies) this.buckets = new Uint32Array(SLOT_COUNT * BUCKET_COUNT);
  }

  add(kind: CountKind, count: number, now: number): void {
    this.advance(now);
    const at = (this.slot % SLOT_COUNT) * KIND_COUNT + kindIndex[kind];
    this.counts[at] = (this.counts[at] ?? 0) + count;
  }

  addLatency(ms: number, now: number): void {
    if (this.buckets === undefined) return;
    this.advance(now);
    const row = this.slot % SLOT_COUNT;
    this.sums[row] = (this.sums[row] ?? 0) + (ms > 0 ? ms : 0);
    const at = row * BUCKET_COUNT + bucketOf(ms);
    this.buckets[at] = (this.buckets[at] ?? 0) + 1;
  }

  /** Whether nothing was counted for five minutes. */
  isIdle(now: number): boolean {
    this.advance(now);
    return this.counts.every((count) => count === 0);
  }

  totals(now: number): WindowTotals {
    this.advance(now);
    const counts = countKinds.map((_, kind) => {
      let sum = 0;
      for (let row = 0; row < SLOT_COUNT; row++) sum += this.counts[row * KIND_COUNT + kind] ?? 0;
      return sum;
    });
    // the oldest slot is dropped as a whole when a new one begins
    const reachMs = (SLOT_COUNT - 1) * SLOT_MS + (now % SLOT_MS);
    return { coveredMs: Math.min(reachMs, now - this.startedAt), counts, latencySumMs: this.sums.reduce((sum, it) => sum + it, 0), latencies: this.latencies() };
  }

  private latencies(): Map<number, number> {
    const found = new Map<number, number>();
    this.buckets?.forEach((count, at) => {
      if (count > 0) found.set(at % BUCKET_COUNT, (found.get(at % BUCKET_COUNT) ?? 0) + count);
    });
    return found;
  }

  private advance(now: number): void {
    const slot = Math.floor(now / SLOT_MS);
    if (slot <= this.slot) return;
    for (let next = Math.max(this.slot + 1, slot - SLOT_COUNT + 1); next <= slot; next++) {
      const row = next % SLOT_COUNT;
      this.counts.fill(0, row * KIND_COUNT, (row + 1) * KIND_COUNT);
      this.sums[row] = 0;
      this.buckets?.fill(0, row * BUCKET_COUNT, (row + 1) * BUCKET_COUNT);
    }
    this.slot = slot;
  }
}
