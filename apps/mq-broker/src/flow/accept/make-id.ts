import { randomFillSync } from 'node:crypto';

/** Random bytes are fetched for many ids at once: asking the kernel for each would cost more than all the rest. */
const pool = Buffer.alloc(10 * 512);
let used = pool.length;

/** A UUID version 7 (RFC 9562): its first 48 bits are the time, so that indexes grow at their end. */
export function makeId(now = Date.now()): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const random = pool.toString('hex', used, (used += 10));
  const time = now.toString(16).padStart(12, '0');
  const variant = '89ab'[Number.parseInt(random.slice(3, 4), 16) & 3];
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-${variant}${random.slice(4, 7)}-${random.slice(7, 19)}`;
}
