/** The middle one, or the mean of the two in the middle. NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
}

/** Median with the smallest and the largest in parentheses. */
export function spread(values: readonly number[], format: (value: number) => string): string {
  if (values.length === 0) return 'void';
  return `${format(median(values))} (${format(Math.min(...values))}–${format(Math.max(...values))})`;
}
