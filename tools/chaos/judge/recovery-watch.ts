import { setTimeout as pause } from 'node:timers/promises';

/** What is promised; longer is told. */
export const RECOVERY_GOAL_MS = 5_000;
/** Longer is broken. */
export const RECOVERY_LIMIT_MS = 30_000;
const LOOK_MS = 10;

export interface Recovery {
  readonly what: string;
  readonly ms: number;
}

/** How long it takes after a cure until a message that was sent after it is delivered. */
export class RecoveryWatch {
  readonly recoveries: Recovery[] = [];
  private newestSentAtMs = 0;
  private newestArrivedAtMs = 0;

  /** A message arrived that was sent then. */
  arrived(sentAtMs: number): void {
    if (sentAtMs <= this.newestSentAtMs) return;
    this.newestSentAtMs = sentAtMs;
    this.newestArrivedAtMs = Date.now();
  }

  /** Resolves with the time it took, or with undefined after the limit. */
  async since(curedAtMs: number, what: string): Promise<number | undefined> {
    while (this.newestSentAtMs < curedAtMs) {
      if (Date.now() - curedAtMs > RECOVERY_LIMIT_MS) {
        this.recoveries.push({ what, ms: Number.POSITIVE_INFINITY });
        return undefined;
      }
      await pause(LOOK_MS);
    }
    const ms = this.newestArrivedAtMs - curedAtMs;
    this.recoveries.push({ what, ms });
    return ms;
  }
}
