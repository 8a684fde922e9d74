import { setTimeout as pause } from 'node:timers/promises';

/** Alone, a write goes at once; in a crowd the next one begins this long after the last, and takes along all that came meanwhile. */
const GATHER_MS = 10;

/** What a batch has to wait for; undefined where the one before began long enough ago. @param beganAt by performance.now(). */
export function gathering(beganAt: number): Promise<void> | undefined {
  const waitMs = beganAt + GATHER_MS - performance.now();
  return waitMs > 0 ? pause(waitMs) : undefined;
}
