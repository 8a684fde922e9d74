import type { Caller } from './caller.js';

/** What the database says of a credential whose hash it has. */
export interface FoundCredential<C extends Caller> {
  readonly caller: C;
  readonly state: 'valid' | 'expired' | 'revoked';
  /** Time left by Postgres' clock; Infinity where it never expires. */
  readonly expiresInMs: number;
}
