import { checkPayload, entryFields, eventAttributesSchema, type EventAttributes } from '@angarium/contracts';
import { decompress, GZIP_BASE64, readField, type FlatFields } from '@angarium/streams';
import { TransportErrors } from '../errors.js';
import type { Route } from './route.js';

/** An entry as its handler sees it. */
export interface DecodedEntry {
  readonly attributes: EventAttributes;
  readonly payload: unknown;
}

/**
 * Parses an entry once, at the edge; at once, unless it is packed (a promise more for every message is dear).
 * @throws ENTRY_UNREADABLE when it is not a message of this system; CONTRACT_BROKEN with the path of every bad field.
 */
export function decodeEntry(route: Route, fields: FlatFields): DecodedEntry | Promise<DecodedEntry> {
  const attributes = parseAttributes(readField(fields, entryFields.event));
  const packed = readField(fields, entryFields.data);
  if (packed === undefined) throw TransportErrors.ENTRY_UNREADABLE('The entry has no field "data".');
  if (readField(fields, entryFields.encoding) !== GZIP_BASE64) return { attributes, payload: parsePayload(route, packed) };
  return decompress(packed).then((text) => ({ attributes, payload: parsePayload(route, text) }));
}

function parsePayload({ contract }: Route, text: string): unknown {
  const data = parseJson(text);
  return contract === undefined ? data : checkPayload(contract.name, contract.schema, data);
}

function parseAttributes(text: string | undefined): EventAttributes {
  if (text === undefined) throw TransportErrors.ENTRY_UNREADABLE('The entry has no field "event" with CloudEvents attributes.');
  const value = parseJson(text);
  if (isOurOwn(value)) return value;
  const parsed = eventAttributesSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const paths = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  throw TransportErrors.ENTRY_UNREADABLE(`The CloudEvents attributes do not fit: ${paths}`);
}

/** The form our own sender writes, told by its required attributes being texts; anything else takes the full check with its report. */
function isOurOwn(value: unknown): value is EventAttributes {
  if (typeof value !== 'object' || value === null) return false;
  const it = value as Record<string, unknown>;
  return (
    it['specversion'] === '1.0' &&
    it['datacontenttype'] === 'application/json' &&
    isText(it['id']) &&
    isText(it['source']) &&
    isText(it['type']) &&
    isText(it['time']) &&
    isText(it['tenant']) &&
    isText(it['correlationid']) &&
    isText(it['sourceinstance']) &&
    isTextOrAbsent(it['subject']) &&
    isTextOrAbsent(it['traceparent']) &&
    isTextOrAbsent(it['partitionkey']) &&
    isTextOrAbsent(it['dataschema'])
  );
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function isTextOrAbsent(value: unknown): boolean {
  return value === undefined || typeof value === 'string';
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw TransportErrors.ENTRY_UNREADABLE('A field of the entry is not valid JSON.', { cause: error });
  }
}
