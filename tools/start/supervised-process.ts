import { setTimeout as pause } from 'node:timers/promises';
import type { Child, Exit } from '@angarium/testing';
import { formatLine } from './format-line.js';
import { plain } from './paint.js';
import { describeRestart, RestartBudget, type RestartPolicy } from './restart-budget.js';

export interface SupervisedOptions {
  readonly name: string;
  /** Starts the process anew. */
  readonly launch: () => Child;
  /** Whether it answers that it can work. May reject: that is a no. */
  readonly isReady: () => Promise<boolean>;
  /** Time between SIGTERM and SIGKILL. */
  readonly graceMs: number;
  readonly policy?: RestartPolicy;
  readonly onReady?: (pid: number, isRestart: boolean) => void;
  /** It ended without being asked to and is started again; `text` is the sentence that says so. */
  readonly onEnded?: (text: string) => void;
  /** It is not started again; `text` says why, with the end of its output. */
  readonly onGivenUp?: (text: string) => void;
}

const readyPollMs = 100;
/** The services' code for a faulty configuration: another try would end the same way. */
const faultyConfiguration = 2;

/**
 * Keeps one process running: launched → ready → (ended → pause → launched …) until stopped or given up.
 * A crash spends the restart budget. One that was ready and was then killed, or asked to stop, by somebody else is no crash:
 * it comes back every time. Stops by `stop`, never by itself but for giving up.
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

  /** Of the present process; undefined between two. */
  get pid(): number | undefined {
    return this.child?.isRunning() === true ? this.child.pid : undefined;
  }

  /** The end of what the present process wrote, for the eye. */
  tail(lines = 20): string {
    const output = (this.child?.output() ?? '').trimEnd();
    if (output === '') return '    (it wrote nothing)';
    const text = output.split('\n').slice(-lines).map((it) => formatLine(it, plain)).join('\n');
    return text.replace(/^/gm, '    ');
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

  /** SIGKILL at once; a `stop` under way then resolves. */
  kill(): void {
    this.stopping.abort();
    this.child?.signal('SIGKILL');
  }

  private async run(): Promise<void> {
    const budget = new RestartBudget(this.options.policy);
    for (let isRestart = false; !this.stopping.signal.aborted; isRestart = true) {
      const child = (this.child = this.options.launch());
      const becameReady = this.watchReady(child, isRestart);
      const exit = await child.exited;
      const wasReady = await becameReady;
      if (this.stopping.signal.aborted) return;
      const pauseMs = this.afterEnd(exit, wasReady, budget);
      if (pauseMs === undefined) return;
      await this.wait(pauseMs);
    }
  }

  /** Says what follows from the end: the pause before the next try, or undefined when there is none. */
  private afterEnd(exit: Exit, wasReady: boolean, budget: RestartBudget): number | undefined {
    const { name, onEnded, onGivenUp } = this.options;
    const { firstPauseMs, maxRestarts } = budget.policy;
    const ended = `${name} ${describeExit(exit)}`;
    if (wasReady && wasAskedTo(exit)) {
      onEnded?.(`${ended}; starting it again in ${firstPauseMs} ms`);
      return firstPauseMs;
    }
    const next = exit.code === faultyConfiguration ? undefined : budget.spend();
    if (next === undefined) {
      const why = exit.code === faultyConfiguration ? '' : `: it was started again ${maxRestarts} times already`;
      onGivenUp?.(`${ended} and is given up${why}. The end of its output:\n${this.tail()}`);
      return undefined;
    }
    onEnded?.(`${ended}; ${describeRestart(next, budget.policy)}`);
    return next.pauseMs;
  }

  /** Resolves with true when the process became ready, with false when it ended or the stop began before. */
  private async watchReady(child: Child, isRestart: boolean): Promise<boolean> {
    while (child.isRunning() && !this.stopping.signal.aborted) {
      const isReady = await this.options.isReady().catch(() => false);
      if (isReady && child.isRunning()) {
        this.options.onReady?.(child.pid, isRestart);
        this.markReady();
        return true;
      }
      await this.wait(readyPollMs);
    }
    return false;
  }

  /** Ends early when the stop begins. */
  private async wait(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.stopping.signal }).catch((error: unknown) => {
      if (!this.stopping.signal.aborted) throw error;
    });
  }
}

/** Ended by somebody's wish, as far as can be seen: by a stop signal (which services answer with code 0) or a kill. */
function wasAskedTo({ code, signal }: Exit): boolean {
  return code === 0 || signal === 'SIGTERM' || signal === 'SIGINT' || signal === 'SIGKILL';
}

function describeExit({ code, signal }: Exit): string {
  return signal === null ? `ended with exit code ${code}` : `was killed by ${signal}`;
}
