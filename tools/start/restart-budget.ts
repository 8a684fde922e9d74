export interface RestartPolicy {
  /** Restarts within `windowMs`; one more failure and the process is given up. */
  readonly maxRestarts: number;
  readonly windowMs: number;
  /** Pause before the first restart; it doubles with each further one in the window. */
  readonly firstPauseMs: number;
  readonly maxPauseMs: number;
}

export const defaultRestartPolicy: RestartPolicy = { maxRestarts: 5, windowMs: 60_000, firstPauseMs: 100, maxPauseMs: 5_000 };

/** Counts restarts within a rolling window. */
export class RestartBudget {
  private restarts: number[] = [];

  constructor(
    readonly policy: RestartPolicy = defaultRestartPolicy,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** The pause in ms before the next restart and which one it is, or undefined when the budget is used up. */
  spend(): { pauseMs: number; count: number } | undefined {
    const { maxRestarts, windowMs, firstPauseMs, maxPauseMs } = this.policy;
    this.restarts = this.restarts.filter((it) => this.now() - it < windowMs);
    if (this.restarts.length >= maxRestarts) return undefined;
    const pauseMs = Math.min(maxPauseMs, firstPauseMs * 2 ** this.restarts.length);
    this.restarts.push(this.now());
    return { pauseMs, count: this.restarts.length };
  }
}

/** How a restart is told: "starting it again in 200 ms (2 of 5 within a minute)". */
export function describeRestart({ pauseMs, count }: { pauseMs: number; count: number }, { maxRestarts, windowMs }: RestartPolicy = defaultRestartPolicy): string {
  return `starting it again in ${pauseMs} ms (${count} of ${maxRestarts} within ${windowMs / 1_000} s)`;
}
