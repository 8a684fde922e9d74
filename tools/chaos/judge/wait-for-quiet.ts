import { setTimeout as pause } from 'node:timers/promises';
import type { Owed } from './store-facts.js';

const LOOK_MS = 500;
/** So long nothing arrives and nothing is owed. */
const STILL_MS = 3_000;
/** What is missing may be in Redis alone, where Postgres does not see it. */
const STILL_MISSING_MS = 20_000;
const DEADLINE_MS = 120_000;

export interface QuietParts {
  readonly owed: () => Promise<Owed>;
  /** Grows with every arrival. */
  readonly arrivalCount: () => number;
  readonly missingCount: () => Promise<number>;
}

/** Waits until nothing is owed any more and nothing moves. @returns undefined, or in words what is still owed after two minutes. */
export async function waitForQuiet({ owed, arrivalCount, missingCount }: QuietParts): Promise<string | undefined> {
  const startedAtMs = performance.now();
  let [count, stillSinceMs] = [-1, startedAtMs];
  for (;;) {
    const left = await owed();
    const nowMs = performance.now();
    const isOwed = Object.values(left).some((it) => it !== 0);
    if (isOwed || arrivalCount() !== count) [count, stillSinceMs] = [arrivalCount(), nowMs];
    const stillMs = nowMs - stillSinceMs;
    if (stillMs >= STILL_MISSING_MS || (stillMs >= STILL_MS && (await missingCount()) === 0)) return undefined;
    if (nowMs - startedAtMs > DEADLINE_MS) return `two minutes after the last cure there is still something owed: ${JSON.stringify(left)}`;
    await pause(LOOK_MS);
  }
}
