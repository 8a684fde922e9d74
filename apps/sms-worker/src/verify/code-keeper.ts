import { createHmac, randomInt, timingSafeEqual } from 'node:crypto';
import type { Sealer } from '@angarium/secrets';

const DIGITS = 6;

/** What a code is bound to: right for one verification, one purpose and one phone. */
export interface CodePlace {
  readonly verificationId: string;
  readonly purpose: string;
  readonly phoneHash: string;
}

/** Makes codes and keeps them: as an HMAC for checking, and sealed for sending them again. */
export class CodeKeeper {
  /** @param secret VERIFICATION_SECRET: six digits alone would be found in a second, by whoever has the table. */
  constructor(
    private readonly secret: string,
    private readonly sealer: Sealer,
  ) {}

  /** Six digits of a generator that nobody can foresee. */
  make(): string {
    return String(randomInt(10 ** DIGITS)).padStart(DIGITS, '0');
  }

  hash(code: string, place: CodePlace): string {
    return this.digest(code, place).toString('base64url');
  }

  /** In a time that tells nothing. */
  matches(code: string, hash: string, place: CodePlace): boolean {
    const expected = Buffer.from(hash, 'base64url');
    const given = this.digest(code, place);
    return expected.length === given.length && timingSafeEqual(expected, given);
  }

  seal(code: string, verificationId: string): string {
    return this.sealer.seal(code, `verifications/${verificationId}`);
  }

  /** @throws SECRET_KEY_UNKNOWN, SECRET_BROKEN */
  open(sealed: string, verificationId: string): string {
    return this.sealer.open(sealed, `verifications/${verificationId}`);
  }

  /** The code of a check, as the gateway sealed it. @throws SECRET_KEY_UNKNOWN, SECRET_BROKEN */
  openGiven(sealed: string, tenant: string): string {
    return this.sealer.open(sealed, `verification.check/${tenant}`);
  }

  private digest(code: string, { verificationId, purpose, phoneHash }: CodePlace): Buffer {
    return createHmac('sha256', this.secret).update(['code', verificationId, purpose, phoneHash, code].join('\n')).digest();
  }
}
