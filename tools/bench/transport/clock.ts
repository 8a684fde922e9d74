/** Milliseconds of the machine's monotonic clock: the same in all processes, so that a time sent by one can be compared by another. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
