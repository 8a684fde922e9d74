import { SharedErrors } from '@angarium/errors';
import type { IncomingHttpHeaders } from 'node:http';

/**
 * The name that an uploaded file is given: `x-filename`, percent-encoded where it is not ASCII, or `filename` of content-disposition.
 * @throws INVALID_INPUT when there is none, or it is no plain name: with a slash, a control character, more than 255 characters.
 */
export function readFilename(headers: IncomingHttpHeaders): string {
  const given = headers['x-filename'];
  const encoded = typeof given === 'string' ? given : fromDisposition(headers['content-disposition']);
  if (encoded === undefined) throw invalid('is required: the name of the file, percent-encoded where it is not ASCII');
  const name = decoded(encoded).trim();
  if (name === '' || name === '.' || name === '..' || name.length > 255 || /[/\\\p{Cc}\p{Zl}\p{Zp}]/u.test(name)) throw invalid('must be a plain file name of at most 255 characters, without slashes and control characters');
  return name;
}

function fromDisposition(header: string | undefined): string | undefined {
  const [, extended] = /;\s*filename\*\s*=\s*utf-8''([^;\s]+)/i.exec(header ?? '') ?? [];
  if (extended !== undefined) return extended;
  const [, quoted, plain] = /;\s*filename\s*=\s*(?:"([^"]*)"|([^;\s"]+))/i.exec(header ?? '') ?? [];
  return quoted ?? plain;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw invalid('has a % that does not begin a percent-encoded character; write %25', error);
  }
}

function invalid(message: string, cause?: unknown) {
  return SharedErrors.INVALID_INPUT(`headers.x-filename ${message}.`, { details: { faults: [{ path: 'headers.x-filename', message }] }, ...(cause === undefined ? {} : { cause }) });
}
