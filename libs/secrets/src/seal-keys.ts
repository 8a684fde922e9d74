import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import { SecretErrors } from './errors.js';

const KEY_BYTES = 32;
/** No dot and no colon, which separate the parts of sealed values and of SEAL_KEYS. */
const idForm = /^[\w-]{1,32}$/;
const keyForm = /^[A-Za-z0-9+/]{43}=$/;

export interface SealKeys {
  /** Seals; also among `all`. */
  readonly first: { readonly id: string; readonly key: KeyObject };
  readonly all: ReadonlyMap<string, KeyObject>;
}

/** A new random key under a new id, as it stands in SEAL_KEYS: `<id>:<32 bytes in base64>`. */
export function createSealKey(): string {
  return `k${randomBytes(4).toString('hex')}:${randomBytes(KEY_BYTES).toString('base64')}`;
}

/**
 * Reads SEAL_KEYS. Messages name places and ids, never a key.
 * @throws SECRET_KEYS_INVALID
 */
export function parseSealKeys(text: string): SealKeys {
  const all = new Map<string, KeyObject>();
  let first: SealKeys['first'] | undefined;
  for (const [at, part] of text.split(',').entries()) {
    const entry = part.trim();
    const colon = entry.indexOf(':');
    const id = entry.slice(0, Math.max(colon, 0));
    if (!idForm.test(id)) throw invalid(`Key ${at + 1} of SEAL_KEYS has no id of 1 to 32 letters, digits, _ and - before a colon.`);
    if (all.has(id)) throw invalid(`SEAL_KEYS has two keys with the id ${id}.`);
    const encoded = entry.slice(colon + 1);
    if (!keyForm.test(encoded)) throw invalid(`The key ${id} of SEAL_KEYS is not ${KEY_BYTES} bytes in base64 (44 characters).`);
    const key = createSecretKey(Buffer.from(encoded, 'base64'));
    all.set(id, key);
    first ??= { id, key };
  }
  if (first === undefined) throw invalid('SEAL_KEYS is empty.');
  return { first, all };
}

const invalid = (fault: string) => SecretErrors.SECRET_KEYS_INVALID(`${fault} ${SecretErrors.SECRET_KEYS_INVALID.definition.cure}`);
