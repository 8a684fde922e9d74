import { SharedErrors } from '@angarium/errors';

/** The revision that If-Match names; undefined without the header. @throws INVALID_INPUT when it is no ETag of ours. */
export function readRevision(ifMatch: string | undefined): number | undefined {
  const text = ifMatch?.trim() ?? '';
  if (text === '') return undefined;
  const [, digits] = /^"(\d{1,9})"$/.exec(text) ?? [];
  if (digits !== undefined) return Number(digits);
  const message = 'takes an ETag as it was answered, with its quotes, such as "1"';
  throw SharedErrors.INVALID_INPUT(`headers.if-match ${message}.`, { details: { faults: [{ path: 'headers.if-match', message }] } });
}

/** The ETag of a revision. */
export function revisionTag(revision: number): string {
  return `"${revision}"`;
}
