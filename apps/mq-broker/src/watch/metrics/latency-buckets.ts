const PER_OCTAVE = 8;
const SMALLEST_MS = 0.25;
/** From a quarter of a millisecond to three days, each bucket 9 % wider than the one before: a value read back is at most 5 % off. */
export const BUCKET_COUNT = 30 * PER_OCTAVE + 1;

/** The bucket of a latency; the first and the last take what lies outside. Pure. */
export function bucketOf(ms: number): number {
  if (!(ms > SMALLEST_MS)) return 0;
  return Math.min(BUCKET_COUNT - 1, 1 + Math.floor(Math.log2(ms / SMALLEST_MS) * PER_OCTAVE));
}

/** The latency that a bucket stands for, in milliseconds: its geometric middle. Pure. */
export function latencyOf(bucket: number): number {
  return bucket === 0 ? SMALLEST_MS : SMALLEST_MS * 2 ** ((bucket - 0.5) / PER_OCTAVE);
}

/** The latency below which `share` (0 to 1) of the values lie, in milliseconds; 0 where there are none. Pure. */
export function percentile(histogram: ReadonlyMap<number, number>, share: number): number {
  const buckets = [...histogram].sort(([a], [b]) => a - b);
  const wanted = share * buckets.reduce((sum, [, count]) => sum + count, 0);
  let seen = 0;
  for (const [bucket, count] of buckets) {
    seen += count;
    if (seen >= wanted) return latencyOf(bucket);
  }
  return 0;
}
