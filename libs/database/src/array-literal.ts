const needsQuotes = /["\\]/g;

/**
 * Values as one Postgres array literal, to be cast by the statement: `$1::uuid[]`. Null and undefined become NULL.
 * pg's own encoding goes through every value several times, which shows where thousands of rows a second are written.
 */
export function toArrayLiteral(values: readonly (string | number | bigint | Date | null | undefined)[]): string {
  let text = '{';
  for (let at = 0; at < values.length; at++) {
    if (at > 0) text += ',';
    const value = values[at];
    if (value === null || value === undefined) text += 'NULL';
    else if (typeof value === 'string') text += quoted(value);
    else if (value instanceof Date) text += `"${value.toISOString()}"`;
    else text += String(value);
  }
  return `${text}}`;
}

function quoted(value: string): string {
  return value.includes('"') || value.includes('\\') ? `"${value.replace(needsQuotes, '\\$&')}"` : `"${value}"`;
}
