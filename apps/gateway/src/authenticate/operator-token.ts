import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

const bearerForm = /^Bearer +(\S+)$/i;

/** GATEWAY_TOKEN, and the one place where it is compared with what came. */
export class OperatorToken {
  private readonly expected: Buffer;

  constructor(token: string) {
    this.expected = digest(token);
  }

  /** Whether the request carries it in `authorization: Bearer`. Takes the same time for every token of one length. */
  isIn({ authorization }: IncomingHttpHeaders): boolean {
    const token = authorization === undefined ? undefined : bearerForm.exec(authorization)?.[1];
    // digests have one length, so comparing them tells nothing about the token's
    return token !== undefined && timingSafeEqual(digest(token), this.expected);
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
