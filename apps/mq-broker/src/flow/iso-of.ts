let lastDate: Date | undefined;
let lastText = '';

/** ISO 8601 of a time. All messages of a commit share one Date, so its text is made once and not a thousand times. */
export function isoOf(date: Date): string {
  if (date === lastDate) return lastText;
  lastDate = date;
  return (lastText = date.toISOString());
}
