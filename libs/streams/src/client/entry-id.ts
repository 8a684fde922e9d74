import { StreamErrors } from '../errors.js';

/** Before every entry of any stream. */
export const BEFORE_ALL = '0-0';

const idForm = /^\d{1,20}(-\d{1,20})?$/;

/** Id in Redis' full form (`1000` is `1000-0`). @throws STREAM_ARGUMENT_INVALID naming `argument`. */
export function parseEntryId(text: string, argument: string): string {
  if (!idForm.test(text)) throw StreamErrors.STREAM_ARGUMENT_INVALID(`${argument} is no entry id: expected milliseconds-sequence such as 1700000000000-0`);
  const [ms = '0', sequence = '0'] = text.split('-');
  return `${BigInt(ms)}-${BigInt(sequence)}`;
}

/** Below zero when `a` comes before `b`. Both in full form, as Redis writes them; exact for numbers beyond 2^53. */
export function compareIds(a: string, b: string): number {
  const [aMs = '', aSequence = ''] = a.split('-');
  const [bMs = '', bSequence = ''] = b.split('-');
  return compareDecimals(aMs, bMs) || compareDecimals(aSequence, bSequence);
}

function compareDecimals(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

/** When Redis made the entry, in milliseconds since 1970 (of an id chosen by a caller: its first number). */
export function timeOfId(id: string): number {
  return Number(id.split('-', 1)[0]);
}
