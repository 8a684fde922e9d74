import { AngariumError } from './angarium-error.js';
import { SharedErrors } from './shared-errors.js';

/** Any caught value as an `AngariumError`; an unknown one becomes INTERNAL (retry later, bounded), its text only in the cause. */
export function toAngariumError(error: unknown): AngariumError {
  return error instanceof AngariumError ? error : SharedErrors.INTERNAL(undefined, { cause: error });
}

/** The reason of a failure for trails and logs: code and text of the innermost known cause, at most 500 characters. */
export function describeError(error: unknown): string {
  const root = error instanceof AngariumError && error.cause !== undefined ? error.cause : error;
  const text = root instanceof Error ? `${root.name}: ${root.message}` : describeThing(root);
  const prefix = error instanceof AngariumError ? (root === error ? `${error.code}: ${error.message}` : `${error.code}: ${text}`) : text;
  return prefix.slice(0, 500);
}

function describeThing(value: unknown): string {
  if (typeof value === 'string') return value;
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}
