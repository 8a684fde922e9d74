import { createHmac, createPrivateKey, createSecretKey, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { SharedErrors } from '@angarium/errors';

/**
 * Signatures of Standard Webhooks 1.0. `v1` is HMAC-SHA256 with a secret `whsec_<base64 of 24 to 64 bytes>`;
 * `v1a` is Ed25519 with a private key `whsk_<base64 of seed and public key, 64 bytes>` whose public half is `whpk_<base64, 32 bytes>`.
 */
export type SignatureScheme = 'v1' | 'v1a';

export interface SigningKey {
  readonly scheme: SignatureScheme;
  /** `whsec_…` for v1, `whsk_…` for v1a. */
  readonly secret: string;
}

export interface SignedWebhook {
  /** The header webhook-id: the same at every attempt. Visible ASCII without a full stop, which separates the signed parts. */
  readonly id: string;
  /** The header webhook-timestamp: time of this attempt in whole seconds since 1970. */
  readonly timestampSeconds: number;
  readonly body: string;
  /** All keys that are valid now. While a key is exchanged these are the new and the old one. */
  readonly keys: readonly SigningKey[];
}

/** What comes before the 32 bytes of the seed in a PKCS #8 private key of Ed25519 (RFC 8410). */
const ed25519Header = Buffer.from('302e020100300506032b657004220420', 'hex');
const MAX_KNOWN_KEYS = 2_000;
const known = new Map<string, KeyObject>();

/** A new secret for v1. */
export function createHmacSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

/** A new pair for v1a; the public key is what receivers get. */
export function createEd25519Secret(): { readonly secret: string; readonly publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32);
  const point = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  return { secret: `whsk_${Buffer.concat([seed, point]).toString('base64')}`, publicKey: `whpk_${point.toString('base64')}` };
}

/**
 * The header webhook-signature: one signature per key, separated by spaces. Costs about 2 µs a v1 key and 35 µs a v1a key.
 * @throws INVALID_INPUT when a key, the id or the time does not have the form above, or no key is given; never shows a secret.
 */
export function signWebhook({ id, timestampSeconds, body, keys }: SignedWebhook): string {
  if (!/^[!-\-/-~]{1,256}$/.test(id)) throw refuse('The webhook id is not 1 to 256 visible ASCII characters without a full stop.', 'Use an id of the system, such as the delivery id.');
  if (!Number.isSafeInteger(timestampSeconds) || timestampSeconds < 0) throw refuse('The webhook timestamp is not in whole seconds.', 'Round down.');
  if (keys.length === 0) throw refuse('A webhook is signed with at least one key.', 'Give the subscription a secret.');
  const signed = `${id}.${timestampSeconds}.${body}`;
  let header = '';
  for (const key of keys) header += `${header === '' ? '' : ' '}${key.scheme},${signWith(key, signed)}`;
  return header;
}

/**
 * For the moment a secret is handed in.
 * @throws INVALID_INPUT when it does not have the form of its scheme.
 */
export function checkSigningKey(key: SigningKey): void {
  keyObjectOf(key);
}

function signWith(key: SigningKey, text: string): string {
  const object = keyObjectOf(key);
  if (key.scheme === 'v1') return createHmac('sha256', object).update(text).digest('base64');
  return sign(null, Buffer.from(text), object).toString('base64');
}

/** A key is parsed once. */
function keyObjectOf({ scheme, secret }: SigningKey): KeyObject {
  const name = `${scheme},${secret}`;
  const before = known.get(name);
  if (before) return before;
  const object = scheme === 'v1' ? hmacKey(secret) : ed25519Key(secret);
  if (known.size >= MAX_KNOWN_KEYS) known.clear();
  known.set(name, object);
  return object;
}

function hmacKey(secret: string): KeyObject {
  const bytes = bytesAfter('whsec_', secret);
  if (bytes === undefined || bytes.length < 24 || bytes.length > 64) throw refuse('The secret for v1 is not whsec_ and base64 of 24 to 64 bytes.', 'Let the system make one.');
  return createSecretKey(bytes);
}

function ed25519Key(secret: string): KeyObject {
  const bytes = bytesAfter('whsk_', secret);
  if (bytes?.length !== 64) throw refuse('The secret for v1a is not whsk_ and base64 of 64 bytes, seed and public key.', 'Let the system make one.');
  return createPrivateKey({ key: Buffer.concat([ed25519Header, bytes.subarray(0, 32)]), format: 'der', type: 'pkcs8' });
}

/** Undefined when the prefix is missing or the rest is not base64 as it is written by everybody; Node would skip what it does not know. */
function bytesAfter(prefix: string, secret: string): Buffer | undefined {
  if (!secret.startsWith(prefix)) return undefined;
  const text = secret.slice(prefix.length);
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

function refuse(what: string, cure: string): Error {
  return SharedErrors.INVALID_INPUT(`${what} ${cure}`);
}
