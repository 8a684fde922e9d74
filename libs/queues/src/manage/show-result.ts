const ADDRESS = /[^\s<>"'(),;:@]+@[^\s<>"'(),;:@]+/g;
/** Seven digits and more in a row, as phones have; identifiers in hexadecimal are left as they are. */
const PHONE = /(?<![\w-])\+?\d{7,15}(?![\w-])/g;
const MAX_DEPTH = 6;

/**
 * What a handler answered with, as lists and pages show it. Handlers answer with ids, states and counts by rule; whatever looks like an address
 * or a phone is cut all the same. Pure.
 */
export function showResult(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return showText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return '(hidden)';
  if (Array.isArray(value)) return value.map((item) => showResult(item, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [showText(name), isMessageId(name, item) ? item : showResult(item, depth + 1)]));
}

/** A Message-ID looks like an address and is none; whole, it finds the mail in the logs of mail servers. */
function isMessageId(name: string, item: unknown): boolean {
  return name === 'messageId' && typeof item === 'string';
}

/** A text, such as the reason of a failure, in which addresses and phones are cut: `a…@example.com`, `…8000`. Pure. */
export function showText(text: string): string {
  return text.replace(ADDRESS, (address) => `${address.slice(0, 1)}…${address.slice(address.lastIndexOf('@'))}`).replace(PHONE, (phone) => `…${phone.slice(-4)}`);
}
