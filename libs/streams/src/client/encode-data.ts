import { entryFields } from '@angarium/contracts';
import { compress, GZIP_BASE64 } from '../compression.js';
import { StreamErrors } from '../errors.js';
import { toJson } from '../json.js';
import type { FlatFields } from '../stream-operations.js';

export interface EncodedData {
  /** A promise while it is being packed, off the event loop. */
  readonly fields: FlatFields | Promise<FlatFields>;
  /** Bytes of the JSON, before packing. */
  readonly size: number;
}

/** The fields of a message: `data` and `timestamp`, as S1 lays them out, plus `encoding` when packed. @throws STREAM_DATA_REFUSED. */
export function encodeData(data: unknown, compressAboveBytes = Number.POSITIVE_INFINITY): EncodedData {
  const json = write(data);
  const size = Buffer.byteLength(json);
  const timestamp = String(Date.now());
  const plain: FlatFields = [entryFields.data, json, entryFields.timestamp, timestamp];
  if (size <= compressAboveBytes) return { fields: plain, size };
  const packed = compress(json).then((text) =>
    text === undefined ? plain : [entryFields.data, text, entryFields.timestamp, timestamp, entryFields.encoding, GZIP_BASE64],
  );
  return { fields: packed, size };
}

function write(data: unknown): string {
  try {
    return toJson(data);
  } catch (error) {
    throw StreamErrors.STREAM_DATA_REFUSED(undefined, { cause: error });
  }
}
