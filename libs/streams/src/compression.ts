import { gunzip, gzip } from 'node:zlib';
import { promisify } from 'node:util';

const pack = promisify(gzip);
const unpack = promisify(gunzip);

/** What `entryFields.encoding` says of packed data. */
export const GZIP_BASE64 = 'gzip+base64';
/** Nothing this large is unpacked: a small message must not fill the memory. */
const MAX_UNPACKED_BYTES = 64 * 1024 * 1024;

/** Packs a text, off the event loop. @returns undefined when packing does not make it smaller. */
export async function compress(text: string): Promise<string | undefined> {
  const packed = (await pack(text)).toString('base64');
  return packed.length < text.length ? packed : undefined;
}

/** Undoes `compress`. @throws RangeError when more than 64 MiB would come out. */
export async function decompress(packed: string): Promise<string> {
  return (await unpack(Buffer.from(packed, 'base64'), { maxOutputLength: MAX_UNPACKED_BYTES })).toString();
}
