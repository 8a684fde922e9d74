import { fork, type ChildProcess } from 'node:child_process';
import type { Answer, Call, Commands, Reply } from './worker-protocol.js';

const STOP_MS = 5_000;

/** A part of the bench in a process of its own, so that what it costs is told apart. The process ends by itself when this one is gone. */
export class Worker<C extends Commands> {
  private readonly process: ChildProcess;
  private readonly open = new Map<number, { resolve: (answer: never) => void; reject: (error: Error) => void }>();
  private readonly exited: Promise<void>;
  private lastId = 0;

  private constructor(
    script: string,
    readonly name: string,
    argument: unknown,
  ) {
    this.process = fork(script, [JSON.stringify(argument ?? null)], { execArgv: ['--enable-source-maps'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.process.on('message', (reply: Reply) => this.settle(reply));
    this.exited = new Promise((resolve) => this.process.once('exit', () => resolve()));
    void this.exited.then(() => {
      const failure = new Error(`${name} ended unasked (exit code ${this.process.exitCode ?? this.process.signalCode}); its output is above.`);
      for (const { reject } of this.open.values()) reject(failure);
    });
  }

  /** Resolves when the process is ready. @param argument what `serveWorker` of the script hands to its maker. */
  static async start<C extends Commands>(script: string, name: string, argument?: unknown): Promise<Worker<C>> {
    const worker = new Worker<C>(script, name, argument);
    await new Promise<true>((resolve, reject) => worker.open.set(0, { resolve, reject }));
    return worker;
  }

  get pid(): number {
    return this.process.pid ?? -1;
  }

  /** @throws Error when the worker fails at it or is gone. */
  call<N extends keyof C & string>(name: N, ...[ask]: Parameters<C[N]>): Promise<Answer<C, N>> {
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.open.set(id, { resolve, reject });
      this.process.send({ id, name, ask } satisfies Call);
    });
  }

  /** Orderly, else by force after five seconds. Idempotent. */
  async stop(): Promise<void> {
    const timer = setTimeout(() => this.process.kill('SIGKILL'), STOP_MS);
    if (this.process.connected) this.process.disconnect();
    await this.exited;
    clearTimeout(timer);
  }

  private settle(reply: Reply): void {
    const waiting = this.open.get(reply.id);
    this.open.delete(reply.id);
    if ('error' in reply) waiting?.reject(new Error(`${this.name}: ${reply.error}`));
    else waiting?.resolve(reply.answer as never);
  }
}
