import { setTimeout as pause } from 'node:timers/promises';
import type { RunningServer } from '@angarium/testing';
import { RestartBudget, type RestartPolicy } from './restart-budget.js';

export interface WatchedOptions {
  readonly server: RunningServer;
  readonly policy?: RestartPolicy;
  readonly everyMs?: number;
  readonly onEnded?: (next: { pauseMs: number; count: number }) => void;
  readonly onBack?: () => void;
  readonly onGivenUp?: (reason: string) => void;
}

/**
 * Brings a Redis or Postgres of ours back when it dies, on the same port with the same data: the services wait for it and go on.
 * Looks at the process every 250 ms. Ends by `stop`, or by giving up.
 */
export class WatchedServer {
  private readonly stopping = new AbortController();
  private readonly watching: Promise<void>;

  constructor(private readonly options: WatchedOptions) {
    this.watching = this.watch();
  }

  /** Ends the watch, then the server. Idempotent. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.watching;
    await this.options.server.stop();
  }

  private async watch(): Promise<void> {
    const budget = new RestartBudget(this.options.policy);
    while (await this.wait(this.options.everyMs ?? 250)) {
      if (isRunning(this.options.server.pid)) continue;
      const reason = await this.bringBack(budget);
      if (reason === undefined) continue;
      this.options.onGivenUp?.(reason);
      return;
    }
  }

  /** Answers with the reason when there is no further try. */
  private async bringBack(budget: RestartBudget): Promise<string | undefined> {
    let reason = this.options.server.output().split('\n').slice(-20).join('\n');
    for (let next = budget.spend(); next !== undefined; next = budget.spend()) {
      this.options.onEnded?.(next);
      if (!(await this.wait(next.pauseMs))) return undefined;
      try {
        await this.options.server.restart();
        this.options.onBack?.();
        return undefined;
      } catch (error) {
        reason = error instanceof Error ? error.message : String(error);
      }
    }
    return reason;
  }

  /** False when the stop began meanwhile. */
  private async wait(ms: number): Promise<boolean> {
    await pause(ms, undefined, { signal: this.stopping.signal }).catch((error: unknown) => {
      if (!this.stopping.signal.aborted) throw error;
    });
    return !this.stopping.signal.aborted;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
