/** Longest reason that an event carries. */
const maxLength = 500;

/** A mail server's answer, fit for logs and events: one line, no addresses (they are personal data), at most 500 characters. */
export function describeReply(reply: string): string {
  return reply
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .replace(/[^\s<>"'(),;:[\]]+@[^\s<>"'(),;[\]]+/g, 'address')
    .trim()
    .slice(0, maxLength);
}
