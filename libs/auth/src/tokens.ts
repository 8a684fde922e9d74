import { hash, randomBytes } from 'node:crypto';

const TOKEN_BYTES = 32;

/** Tokens have a prefix of their own, so that scanners of repositories and logs know them and a person knows what was found. */
export const tokenForms = {
  apiKey: /^ang_[\w-]{43}$/,
  serviceToken: /^angs_[\w-]{43}$/,
} as const;

/** A new API key: `ang_` and 256 random bits in 43 characters. */
export function createApiKeyToken(): string {
  return `ang_${randomBytes(TOKEN_BYTES).toString('base64url')}`;
}

/** A new service token: `angs_` and 256 random bits in 43 characters. */
export function createServiceToken(): string {
  return `angs_${randomBytes(TOKEN_BYTES).toString('base64url')}`;
}

/**
 * What is stored and compared in a token's place: SHA-256, hex. With 256 random bits in the token nobody can guess one that gives
 * a wanted beginning of the hash, so looking hashes up tells nothing by the time it takes. Takes half a microsecond.
 */
export function hashToken(token: string): string {
  return hash('sha256', token, 'hex');
}
