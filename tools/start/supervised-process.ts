import { setTimeout as pause } from 'node:timers/promises';
import type { Child, Exit } from '@angarium/testing';
import { RestartBudget, type RestartPolicy } from './restart-budget.js';

export interface SupervisedOptions {
  readonly name: string;
  /** Starts the process anew. */
  readonly launch: () => Child;
  /** Whether it answers that it can work. May reject: that is a no. */
  readonly isReady: () => Promise<boolean>;
  /** Time between SIGTERM and SIGKILL. */
  readonly graceMs: number;
  readonly policy?: RestartPolicy;
  readonly onStarted?: (pid: number) => void;
  readonly onReady?: (pid: number, isRestart: boolean) => void;
  readonly onEnded?: (exit: Exit, next: { pauseMs: number; count: number }) => void;
  /** The restarts are used up. `tail` is the end of its output. */
  readonly onGivenUp?: (exit: Exit, tail: string) => void;
}

const readyPollMs = 100;

/**
 * Keeps one process running: launched → ready → (ended → pause → launched …) until stopped or given up.
 * Every end that was not asked for counts as a crash, exit code 0 too. Stops by `stop`, never by itself but for giving up.
 */
export class SupervisedProcess {
  private child: Child | undefined;
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;
  /** Resolves when the process was ready for the first time. */
  readonly ready: Promise<void>;
  private markReady: () => void = () => undefined;

  constructor(private readonly options: SupervisedOptions) {
    this.ready = new Promise((resolve) => {
      this.markReady = resolve;
    });
  }

  get name(): string {
    return this.options.name;
  }

  get pid(): number | undefined {
    return this.child?.isRunning() === true ? this.child.pid : undefined;
  }

  /** The end of what the present process wrote. */
  tail(lines = 20): string {
    return (this.child?.output() ?? '').trimEnd().split('\n').slice(-lines).join('\n');
  }

  start(): void {
    this.running ??= this.run();
  }

  /** SIGTERM, after the grace time SIGKILL; resolves when no process is left. Idempotent. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.child?.end('SIGTERM', this.options.graceMs);
    await this.running;
  }

  /** SIGKILL at once. */
  kill(): void {
    this.stopping.abort();
    this.child?.signal('SIGKILL');
  }

  private async run(): Promise<void> {
    const budget = new RestartBudget(this.options.policy);
    for (let isRestart = false; !this.stopping.signal.aborted; isRestart = true) {
      const child = (this.child = this.options.launch());
      this.options.onStarted?.(child.pid);
      void this.watchReady(child, isRestart);
      const exit = await child.exited;
      if (this.stopping.signal.aborted) return;
      const next = budget.spend();
      if (next === undefined) {
        this.options.onGivenUp?.(exit, this.tail());
        return;
      }
      this.options.onEnded?.(exit, next);
      await this.wait(next.pauseMs);
    }
  }

  private async watchReady(child: Child, isRestart: boolean): Promise<void> {
    while (child.isRunning() && !this.stopping.signal.aborted) {
      const isReady = await this.options.isReady().catch(() => false);
      if (isReady && child.isRunning()) {
        this.options.onReady?.(child.pid, isRestart);
        this.markReady();
        return;
      }
      await this.wait(readyPollMs);
    }
  }

  /** Ends early when the stop begins. */
  private async wait(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.stopping.signal }).catch((error: unknown) => {
      if (!this.stopping.signal.aborted) throw error;
    });
  }
}

/** How a process ended, for a sentence. */
export function describeExit({ code, signal }: Exit): string {
  return signal === null ? `ended with exit code ${code}` : `was killed by ${signal}`;
}
