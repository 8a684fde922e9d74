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
  isIn(headers: IncomingHttpHeaders): boolean {
    const token = bearerTokenIn(headers);
    // digests have one length, so comparing them tells nothing about the token's
    return token !== undefined && timingSafeEqual(digest(token), this.expected);
  }
}

/** What stands after `Bearer` in the header authorization, if anything. Pure. */
export function bearerTokenIn({ authorization }: IncomingHttpHeaders): string | undefined {
  return authorization === undefined ? undefined : bearerForm.exec(authorization)?.[1];
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
