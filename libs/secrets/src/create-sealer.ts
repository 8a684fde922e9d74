import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { SecretErrors } from './errors.js';
import { parseSealKeys } from './seal-keys.js';

/**
 * Keeps secrets that have to be read again (signing secrets of webhooks) from whoever reads the database or a backup of it.
 * A sealed value is `v1.<key id>.<iv>.<data and tag>`, the last two in base64url: AES-256-GCM with a random iv of 96 bits,
 * and version, key id and context as additional data. Random ivs suffice for 2^32 values under one key.
 */
export interface Sealer {
  /** @param context where the value belongs, such as `webhook_secrets/<row id>`; it opens nowhere else. Never the same twice. */
  seal(plain: string, context: string): string;
  /**
   * The value that was sealed with this context.
   * @throws SECRET_KEY_UNKNOWN, SECRET_BROKEN
   */
  open(sealed: string, context: string): string;
}

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
const sealedForm = /^v1\.([\w-]{1,32})\.([\w-]{16})\.([\w-]{22,})$/;

/**
 * @param keys `<id>:<32 bytes in base64>`, several separated by commas: the first one seals, all of them open. To change the key,
 *   put a new one in front and keep the old one for what it sealed.
 * @throws SECRET_KEYS_INVALID
 */
export function createSealer(keys: string): Sealer {
  const { first, all } = parseSealKeys(keys);
  return {
    seal(plain, context) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv(ALGORITHM, first.key, iv, { authTagLength: TAG_BYTES }).setAAD(additionalData(first.id, context));
      const data = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return `v1.${first.id}.${iv.toString('base64url')}.${data.toString('base64url')}`;
    },

    open(sealed, context) {
      const [, id, iv, data] = sealedForm.exec(sealed) ?? [];
      if (id === undefined || iv === undefined || data === undefined) throw SecretErrors.SECRET_BROKEN('The value is not a sealed secret of version v1. Set the secret anew.');
      const key = all.get(id);
      if (key === undefined) throw SecretErrors.SECRET_KEY_UNKNOWN(`The secret was sealed with the key ${id}, which SEAL_KEYS does not have. Put it back, behind the others.`);
      const bytes = Buffer.from(data, 'base64url');
      const end = bytes.length - TAG_BYTES;
      try {
        const decipher = createDecipheriv(ALGORITHM, key, Buffer.from(iv, 'base64url'), { authTagLength: TAG_BYTES })
          .setAAD(additionalData(id, context))
          .setAuthTag(bytes.subarray(end));
        return Buffer.concat([decipher.update(bytes.subarray(0, end)), decipher.final()]).toString('utf8');
      } catch (cause) {
        throw SecretErrors.SECRET_BROKEN(undefined, { cause });
      }
    },
  };
}

/** The key's id has no dot, so no two pairs give the same bytes. */
function additionalData(id: string, context: string): Buffer {
  return Buffer.from(`v1.${id}.${context}`, 'utf8');
}
