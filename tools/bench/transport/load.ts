import { now } from './clock.js';
import type { Schedule } from './ledger.js';

/** What a generator did. Times by `now()`. */
export interface Sent {
  readonly sent: number;
  readonly failed: number;
  readonly firstAt: number;
  /** When the last call was settled. */
  readonly lastAt: number;
}

/**
 * Closed loop: `slots` callers, each of which sends the next when its last one is settled, for `durationMs`. Shows what goes through at most.
 * @param send sends the messages from `first` on, `size` of them.
 */
export async function closedLoop(options: { durationMs: number; slots: number; size: number }, send: (first: number, size: number) => Promise<unknown>): Promise<Sent> {
  const { durationMs, slots, size } = options;
  const firstAt = now();
  const end = firstAt + durationMs;
  let next = 0;
  let failed = 0;
  const caller = async () => {
    while (now() < end) {
      const first = next;
      next += size;
      try {
        await send(first, size);
      } catch {
        // counted; the round is void
        failed += size;
      }
    }
  };
  await Promise.all(Array.from({ length: slots }, caller));
  return { sent: next, failed, firstAt, lastAt: now() };
}

/**
 * Open loop: sends message n at `startAt + n * intervalMs` whatever became of the others, so that a stall is felt by all that fall into it.
 * Resolves when all are settled.
 */
export async function openLoop(schedule: Schedule, count: number, send: (n: number) => Promise<unknown>): Promise<Sent> {
  const { startAt, intervalMs } = schedule;
  const settled: Promise<void>[] = [];
  let failed = 0;
  const sendOne = (n: number) =>
    send(n).then(
      () => undefined,
      () => void (failed += 1),
    );
  await new Promise<void>((resolve) => {
    const tick = () => {
      const due = Math.min(count, Math.floor((now() - startAt) / intervalMs) + 1);
      while (settled.length < due) settled.push(sendOne(settled.length));
      if (settled.length < count) setTimeout(tick, 1);
      else resolve();
    };
    tick();
  });
  await Promise.all(settled);
  return { sent: count, failed, firstAt: startAt, lastAt: now() };
}
