import { createHmac } from 'node:crypto';

/** Stands for a phone where the phone must not be: keys in Redis, rows that are looked up by phone. */
export class PhoneDigest {
  /** @param secret VERIFICATION_SECRET: without it a digest could be found out by hashing all numbers there are. */
  constructor(private readonly secret: string) {}

  /** 32 letters that nobody can turn back; the same for the same E.164 number. */
  of(e164: string): string {
    return createHmac('sha256', this.secret).update(`phone\n${e164}`).digest('base64url').slice(0, 32);
  }
}
