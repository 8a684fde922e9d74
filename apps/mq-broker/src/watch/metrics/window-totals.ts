import { z } from 'zod';
import { percentile } from './latency-buckets.js';

export const countKinds = ['published', 'delivered', 'failed', 'retried', 'dead', 'skipped'] as const;
export type CountKind = (typeof countKinds)[number];

/** What one replica saw in the last five minutes. */
export interface WindowTotals {
  /** How much of the five minutes it was there, in milliseconds. */
  readonly coveredMs: number;
  /** In the order of `countKinds`. */
  readonly counts: readonly number[];
  readonly latencySumMs: number;
  /** Bucket → count; see latency-buckets. */
  readonly latencies: ReadonlyMap<number, number>;
}

/** What all replicas saw together. */
export interface WindowFigures {
  /** Per second. */
  readonly rates: Readonly<Record<CountKind, number>>;
  /** Failed attempts among all that ended, from 0 to 1. */
  readonly errorRate: number;
  readonly averageMs: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

const LEAST_COVERED_MS = 1_000;

/** Adds up the totals of replicas: rates add, since each is over the time that its replica was there. Pure. */
export function combineTotals(totals: readonly WindowTotals[]): WindowFigures {
  const sums = new Map<CountKind, number>();
  const rates = Object.fromEntries(
    countKinds.map((kind, at) => {
      sums.set(
        kind,
        totals.reduce((sum, { counts }) => sum + (counts[at] ?? 0), 0),
      );
      return [kind, rounded(totals.reduce((sum, { counts, coveredMs }) => sum + ((counts[at] ?? 0) * 1_000) / Math.max(coveredMs, LEAST_COVERED_MS), 0))];
    }),
  ) as Record<CountKind, number>;
  const latencies = new Map<number, number>();
  for (const one of totals) for (const [bucket, count] of one.latencies) latencies.set(bucket, (latencies.get(bucket) ?? 0) + count);
  const measured = [...latencies.values()].reduce((sum, count) => sum + count, 0);
  const failed = sums.get('failed') ?? 0;
  const ended = failed + (sums.get('delivered') ?? 0);
  return {
    rates,
    errorRate: ended === 0 ? 0 : rounded(failed / ended),
    averageMs: measured === 0 ? 0 : rounded(totals.reduce((sum, { latencySumMs }) => sum + latencySumMs, 0) / measured),
    p95Ms: rounded(percentile(latencies, 0.95)),
    p99Ms: rounded(percentile(latencies, 0.99)),
  };
}

const wire = z.tuple([z.number().min(0), z.array(z.number().min(0)).max(100), z.number().min(0), z.array(z.tuple([z.number().int().min(0), z.number().min(0)])).max(1_000)]);

/** As text for Redis. Pure. */
export function encodeTotals({ coveredMs, counts, latencySumMs, latencies }: WindowTotals): string {
  return JSON.stringify([Math.round(coveredMs), [...counts], Math.round(latencySumMs), [...latencies]] satisfies z.input<typeof wire>);
}

/** What another replica wrote; undefined where it is of a version with another form. Pure. */
export function decodeTotals(text: string): WindowTotals | undefined {
  const parsed = z
    .string()
    .transform((it, context) => {
      try {
        return JSON.parse(it) as unknown;
      } catch {
        context.addIssue({ code: 'custom', message: 'is not JSON' });
        return z.NEVER;
      }
    })
    .pipe(wire)
    .safeParse(text);
  if (!parsed.success) return undefined;
  const [coveredMs, counts, latencySumMs, latencies] = parsed.data;
  return { coveredMs, counts, latencySumMs, latencies: new Map(latencies) };
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
