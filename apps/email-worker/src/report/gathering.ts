import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';

/** Alone, a write goes at once; in a crowd the next one begins this long after the last, and takes along all that came meanwhile. */
const GATHER_MS = 10;

/** What a batch has to wait for; undefined where the one before began long enough ago. @param beganAt by performance.now(). */
export function gathering(beganAt: number): Promise<void> | undefined {
  const waitMs = beganAt + GATHER_MS - performance.now();
  return waitMs > 0 ? pause(waitMs) : undefined;
}

/** Mails that go on in one turn of the event loop. */
const SLICE = 8;

/**
 * Calls back for each, a few in one turn of the event loop: what a crowd of mails does next would otherwise be one long turn, in which no
 * critical job begins. Calls for the first ones at once. Rejects where `each` throws.
 */
export async function inSlices<T>(all: readonly T[], each: (one: T, index: number) => void): Promise<void> {
  for (let index = 0; index < all.length; index++) {
    if (index > 0 && index % SLICE === 0) await turn();
    each(all[index] as T, index);
  }
}
