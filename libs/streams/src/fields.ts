import type { FlatFields } from './stream-operations.js';

/** The value of one field of an entry, or undefined. */
export function readField(fields: FlatFields, name: string): string | undefined {
  for (let at = 0; at < fields.length; at += 2) if (fields[at] === name) return fields[at + 1];
  return undefined;
}
