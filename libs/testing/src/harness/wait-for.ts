import { setTimeout as pause } from 'node:timers/promises';

export interface WaitOptions {
  /** What is awaited, for the message: "the mail to arrive". */
  readonly what: string;
  /** Default 30 000 ms: for what never comes; busy machines are slow. */
  readonly timeoutMs?: number;
  /** Pause between two looks. Default 20 ms. */
  readonly everyMs?: number;
}

type Truthy<T> = Exclude<T, false | 0 | '' | null | undefined>;

/**
 * Looks again and again until `condition` answers something truthy, and answers with that.
 * A condition that throws counts as not yet; its last error is told when the time is up.
 * Time comes from the real clock, also under Jest's fake timers.
 * @throws Error naming what was awaited, for how long, and what was seen last.
 */
export async function waitFor<T>(condition: () => T | Promise<T>, options: WaitOptions): Promise<Truthy<T>> {
  const { what, timeoutMs = 30_000, everyMs = 20 } = options;
  const deadline = performance.now() + timeoutMs;
  let seen: unknown;
  let cause: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value as Truthy<T>;
      [seen, cause] = [value, undefined];
    } catch (error) {
      cause = error;
    }
    if (performance.now() >= deadline) break;
    await pause(everyMs);
  }
  const last = cause instanceof Error ? `it failed with: ${cause.message}` : `it was ${JSON.stringify(seen)}`;
  throw new Error(`Waited ${timeoutMs} ms for ${what}; last seen, ${last}`, { cause });
}
