import { createHash, createHmac } from 'node:crypto';
import type { SeenRequest } from './start-provider-server.js';

const sha256 = (text: string) => createHash('sha256').update(text, 'utf8').digest('hex');
const rfc3986 = (text: string) => [...Buffer.from(text)].map((byte) => (/[\w.~-]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, '0').toUpperCase()}`)).join('');

/**
 * Aliyun's side of ACS3-HMAC-SHA256, written from its documentation and not from our signer: takes the headers that the request
 * says it signed, and refuses what has to be signed and is not, a wrong digest of the body and an old date.
 */
export function isSignedByAcs3({ method, url, headers, body }: SeenRequest, secret: string, now = Date.now()): boolean {
  const [, signedNames = '', signature = ''] = /SignedHeaders=([^,]+),\s*Signature=([0-9a-f]{64})$/.exec(headers.authorization ?? '') ?? [];
  const names = signedNames.split(';');
  const mustBeSigned = ['host', ...Object.keys(headers).filter((name) => name.startsWith('x-acs-'))];
  if (!mustBeSigned.every((name) => names.includes(name)) || names.join() !== [...names].sort().join()) return false;
  if (headers['x-acs-content-sha256'] !== sha256(body)) return false;
  if (Math.abs(Date.parse(String(headers['x-acs-date'])) - now) > 15 * 60_000) return false;
  const { searchParams, pathname } = new URL(url, 'http://provider');
  const query = [...searchParams].map(([name, value]) => `${rfc3986(name)}=${rfc3986(value)}`).sort().join('&');
  const canonicalHeaders = names.map((name) => `${name}:${String(headers[name]).trim()}\n`).join('');
  const canonical = `${method}\n${pathname}\n${query}\n${canonicalHeaders}\n${signedNames}\n${sha256(body)}`;
  return createHmac('sha256', secret).update(`ACS3-HMAC-SHA256\n${sha256(canonical)}`).digest('hex') === signature;
}

/**
 * Tencent's side of TC3-HMAC-SHA256, written from its documentation. The official SDK signs the host without its port and takes
 * the first label of the host for the service; a real host has neither a port nor another label than `sms`.
 */
export function isSignedByTc3({ headers, body }: SeenRequest, secret: string, now = Date.now()): boolean {
  const pattern = /^TC3-HMAC-SHA256 Credential=[^/]+\/([\d-]{10})\/(\w+)\/tc3_request, SignedHeaders=content-type;host, Signature=([0-9a-f]{64})$/;
  const [, date = '', service = '', signature = ''] = pattern.exec(headers.authorization ?? '') ?? [];
  const timestamp = Number(headers['x-tc-timestamp']);
  if (Math.abs(timestamp * 1_000 - now) > 5 * 60_000 || new Date(timestamp * 1_000).toISOString().slice(0, 10) !== date) return false;
  let key = createHmac('sha256', `TC3${secret}`).update(date).digest();
  for (const part of [service, 'tc3_request']) key = createHmac('sha256', key).update(part).digest();
  const host = headers.host ?? '';
  return [host, host.replace(/:\d+$/, '')].some((signedHost) => {
    const canonical = `POST\n/\n\ncontent-type:${headers['content-type']}\nhost:${signedHost}\n\ncontent-type;host\n${sha256(body)}`;
    const toSign = `TC3-HMAC-SHA256\n${timestamp}\n${date}/${service}/tc3_request\n${sha256(canonical)}`;
    return createHmac('sha256', key).update(toSign).digest('hex') === signature;
  });
}
