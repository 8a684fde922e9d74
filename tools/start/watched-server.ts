import { setTimeout as pause } from 'node:timers/promises';
import type { RunningServer } from '@angarium/testing';
import { isAlive } from './is-alive.js';
import { describeRestart, RestartBudget, type RestartPolicy } from './restart-budget.js';

export interface WatchedOptions {
  readonly name: string;
  readonly server: RunningServer;
  readonly policy?: RestartPolicy;
  readonly onEnded?: (text: string) => void;
  readonly onBack?: (pid: number) => void;
  readonly onGivenUp?: (text: string) => void;
}

const lookEveryMs = 250;

/**
 * Brings a Redis or Postgres of ours back when it dies, on the same port with the same data: the services wait for it and go on.
 * Each outage has restarts of its own. Ends by `stop`, or by giving up.
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
    let isUp = true;
    while (isUp && (await this.wait(lookEveryMs))) {
      if (!isAlive(this.options.server.pid)) isUp = await this.bringBack();
    }
  }

  /** False when there is no further try. */
  private async bringBack(): Promise<boolean> {
    const { name, server, policy, onEnded, onBack, onGivenUp } = this.options;
    const budget = new RestartBudget(policy);
    let reason = 'ended';
    for (let next = budget.spend(); next !== undefined; next = budget.spend()) {
      onEnded?.(`${name} ${reason}; ${describeRestart(next, budget.policy)}`);
      if (!(await this.wait(next.pauseMs))) return true;
      try {
        await server.restart();
        onBack?.(server.pid);
        return true;
      } catch (error) {
        reason = `could not be started: ${error instanceof Error ? error.message : String(error)}`;
      }
    }
    onGivenUp?.(`${name} ${reason}`);
    return false;
  }

  /** False when the stop began meanwhile. */
  private async wait(ms: number): Promise<boolean> {
    await pause(ms, undefined, { signal: this.stopping.signal }).catch((error: unknown) => {
      if (!this.stopping.signal.aborted) throw error;
    });
    return !this.stopping.signal.aborted;
  }
}
