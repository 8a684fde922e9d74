import { entryFields } from '@angarium/contracts';
import type { Logger } from '@angarium/observability';
import { decompress, GZIP_BASE64 } from '../compression.js';
import { readField } from '../fields.js';
import type { FlatFields, StreamEntry } from '../stream-operations.js';
import { timeOfId } from './entry-id.js';

/** What `JSON.parse` gives and as it types it: not checked. Name the type parameter of a call to have one. */
export type ParsedJson = ReturnType<typeof JSON.parse>;

/** One message as a callback sees it. */
export interface StreamMessage<T = ParsedJson> {
  /** Id of the entry: milliseconds-sequence. */
  readonly id: string;
  /** The published value. Of entries that others wrote: the raw text where it is no JSON, an object of all fields where there is no `data` field. */
  readonly data: T;
  /** When it was published, in milliseconds since 1970: the field `timestamp`, else the time in the id. */
  readonly timestamp: number;
}

/** Its end is awaited before the next message is handed over; what it returns is not looked at. */
export type StreamCallback<T = ParsedJson> = (message: StreamMessage<T>) => unknown;

/** Reads an entry whoever wrote it; never throws, because one broken entry must not stop its stream. */
export async function toStreamMessage<T = ParsedJson>(stream: string, { id, fields }: StreamEntry, log: Logger): Promise<StreamMessage<T>> {
  const timestamp = Number(readField(fields, entryFields.timestamp) ?? Number.NaN);
  return {
    id,
    data: (await readData(stream, id, fields, log)) as T,
    timestamp: Number.isSafeInteger(timestamp) && timestamp > 0 ? timestamp : timeOfId(id),
  };
}

async function readData(stream: string, id: string, fields: FlatFields, log: Logger): Promise<unknown> {
  const stored = readField(fields, entryFields.data);
  if (stored === undefined) return toObject(fields);
  const encoding = readField(fields, entryFields.encoding);
  try {
    return JSON.parse(encoding === GZIP_BASE64 ? await decompress(stored) : stored);
  } catch (error) {
    // The parser's own text quotes the payload, so only the kind of error is logged.
    log.warn({ stream, messageId: id, encoding, reason: error instanceof Error ? error.name : 'unknown' }, 'Message data is not readable JSON; handed over as text');
    return stored;
  }
}

function toObject(fields: FlatFields): Record<string, string> {
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) pairs.push([fields[at] ?? '', fields[at + 1] ?? '']);
  return Object.fromEntries(pairs);
}
