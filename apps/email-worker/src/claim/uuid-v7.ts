import { randomUUID } from 'node:crypto';

/** A UUID of version 7 (RFC 9562 5.7): begins with the time, so that rows written one after another lie side by side in an index. */
export function uuidV7(now: number = Date.now()): string {
  const time = now.toString(16).padStart(12, '0');
  // all but the time and the version as in version 4, which Node makes from a store of random bytes
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}
