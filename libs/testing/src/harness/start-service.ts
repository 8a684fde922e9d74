import { startChild, type Exit } from './child-process.js';
import { freePort } from './free-port.js';
import { noted } from './started.js';
import { survivedSignals } from './start-redis.js';
import { waitFor } from './wait-for.js';

export interface ServiceOptions {
  /** As the app's folder: `email-worker`; a further replica is `email-worker.2`. */
  readonly name: string;
  /** The bundle to run, as `buildApps` makes it. */
  readonly main: string;
  /** Its environment, nothing of ours but PATH, HOME and TMPDIR. `NODE_ENV` is `test` unless it is given. */
  readonly env: Readonly<Record<string, string>>;
  /** Its HTTP port. Default: the one that `env` names (`EMAIL_WORKER_PORT`), else a free one. */
  readonly port?: number;
  readonly cwd?: string;
  readonly args?: readonly string[];
  /** Receives each line that it writes, as it comes. */
  readonly onLine?: ((line: string) => void) | undefined;
}

/** One of our services as a real process. */
export interface Service {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  /** `http://127.0.0.1:3031`, without a slash at its end. */
  readonly url: string;
  /** Resolves when the process is gone; never rejects. */
  readonly exited: Promise<Exit>;
  isRunning(): boolean;
  /** What it has written lately, the last 64 kB of stdout and stderr. */
  output(): string;
  /** Sends a signal and goes on; nothing happens when the process is gone. */
  signal(signal: NodeJS.Signals): void;
  /** Sends a signal (default SIGKILL) and, unless it is SIGSTOP or SIGCONT, resolves when the process is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /**
   * Resolves when GET /health/ready answers 200.
   * @throws Error with the last answer and the end of its output: after `timeoutMs` (default 30 000), or as soon as the process has ended.
   */
  ready(timeoutMs?: number): Promise<void>;
  /** Asks by SIGTERM, takes SIGKILL after `graceMs` (default 15 000); resolves when it is gone. Idempotent. */
  stop(graceMs?: number): Promise<void>;
}

/** Starts a service; resolves when its process runs, which is before it is `ready()`. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { name, main, env, cwd, args = [], onLine } = options;
  const variable = portVariable(name);
  const port = options.port ?? Number(env[variable] ?? (await freePort()));
  const child = startChild({
    name,
    command: process.execPath,
    args: ['--enable-source-maps', main, ...args],
    cwd,
    env: { ...ours('PATH', 'HOME', 'TMPDIR'), NODE_ENV: 'test', ...env, [variable]: String(port) },
    onLine,
    isOwned: true,
  });
  const url = `http://127.0.0.1:${port}`;
  const failure = (what: string, cause?: unknown) =>
    new Error(`${name} (port ${port}) ${what}. Its output:\n${child.output().split('\n').slice(-30).join('\n')}`, { cause });
  return noted('program', name, {
    name,
    pid: child.pid,
    port,
    url,
    exited: child.exited,
    isRunning: child.isRunning,
    output: child.output,
    signal: child.signal,
    async kill(signal = 'SIGKILL') {
      child.signal(signal);
      if (!survivedSignals.includes(signal)) await child.exited;
    },
    async ready(timeoutMs = 30_000) {
      const looks = () => Promise.race([child.exited, answersReady(url)]);
      const outcome = await waitFor(looks, { what: `${name} to be ready`, timeoutMs, everyMs: 25 }).catch((cause: unknown) => {
        throw failure(`did not become ready: ${(cause as Error).message}`, cause);
      });
      if (outcome !== true) throw failure(`ended with ${outcome.signal ?? `code ${outcome.code}`} before it was ready`);
    },
    async stop(graceMs = 15_000) {
      child.signal('SIGCONT'); // a stopped process hears nothing but SIGKILL
      await child.end('SIGTERM', graceMs);
    },
  });
}

/** Where a service reads its port: `email-worker.2` → `EMAIL_WORKER_PORT`. */
export function portVariable(name: string): string {
  return `${name.replace(/\.\d+$/, '').replaceAll('-', '_').toUpperCase()}_PORT`;
}

async function answersReady(url: string): Promise<true> {
  const answer = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(5_000) });
  const body = await answer.text();
  if (answer.status !== 200) throw new Error(`GET /health/ready answered ${answer.status}: ${body.slice(0, 1_000)}`);
  return true;
}

function ours(...names: string[]): NodeJS.ProcessEnv {
  return Object.fromEntries(names.filter((it) => process.env[it] !== undefined).map((it) => [it, process.env[it]]));
}
