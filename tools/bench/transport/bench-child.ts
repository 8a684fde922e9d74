import { fork, type ChildProcess } from 'node:child_process';
import type { Call, CommandName, Commands, Reply, Role } from './protocol.js';

const STOP_MS = 5_000;

export interface BenchChildOptions {
  readonly script: string;
  readonly role: Role;
  readonly redisUrl: string;
  /** Shown in errors and in the names of profiles. */
  readonly name: string;
  /** Folder for a CPU profile of the whole life of the process. */
  readonly profileDir?: string | undefined;
}

/** One end of a contender in a process of its own. The child ends by itself when this process is gone. */
export class BenchChild {
  private readonly process: ChildProcess;
  private readonly open = new Map<number, { resolve: (answer: never) => void; reject: (error: Error) => void }>();
  private readonly exited: Promise<void>;
  private lastId = 0;

  private constructor(private readonly options: BenchChildOptions) {
    const { script, role, redisUrl, name, profileDir } = options;
    const profile = profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`, `--cpu-prof-name=${name}.cpuprofile`];
    this.process = fork(script, [role, redisUrl], { execArgv: ['--enable-source-maps', ...profile], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.process.on('message', (reply: Reply) => this.settle(reply));
    this.exited = new Promise((resolve) => this.process.once('exit', () => resolve()));
    void this.exited.then(() => {
      for (const { reject } of this.open.values()) reject(new Error(`${name} ended unasked (exit code ${this.process.exitCode ?? this.process.signalCode}); its output is above.`));
    });
  }

  /** Resolves when the process is connected and ready. */
  static async start(options: BenchChildOptions): Promise<BenchChild> {
    const child = new BenchChild(options);
    await new Promise<true>((resolve, reject) => child.open.set(0, { resolve, reject }));
    return child;
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  /** @throws Error when the child fails at it or is gone. */
  call<N extends CommandName>(name: N, ask: Commands[N]['ask']): Promise<Commands[N]['answer']> {
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.open.set(id, { resolve, reject });
      this.process.send({ id, name, ask } satisfies Call<N>);
    });
  }

  /** Orderly, else by force after five seconds. */
  async stop(): Promise<void> {
    const timer = setTimeout(() => this.process.kill('SIGKILL'), STOP_MS);
    // one that does not stop in order is killed by the timer
    if (this.process.connected) this.call('stop', null).catch(() => undefined);
    await this.exited;
    clearTimeout(timer);
  }

  private settle(reply: Reply): void {
    const waiting = this.open.get(reply.id);
    this.open.delete(reply.id);
    if ('error' in reply) waiting?.reject(new Error(`${this.options.name}: ${reply.error}`));
    else waiting?.resolve(reply.answer as never);
  }
}
