import { spawn, type ChildProcess } from 'node:child_process';
import { note } from './started.js';

export interface ChildOptions {
  /** Shown in messages: `redis`, `email-worker`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
  readonly gid?: number;
  /** Sent to the child when this process dies without stopping it. Default SIGKILL. */
  readonly orphanSignal?: NodeJS.Signals;
  /** Receives each complete line of stdout and stderr, as it comes. */
  readonly onLine?: (line: string) => void;
  /** Part of something that is stopped as a whole, so that `stopAll` leaves it alone. */
  readonly isOwned?: boolean;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A real child process whose output is kept (the last 64 kB) and which does not outlive us. */
export interface Child {
  readonly name: string;
  readonly pid: number;
  /** Resolves when the process is gone; never rejects. */
  readonly exited: Promise<Exit>;
  readonly isRunning: () => boolean;
  /** What the process has written lately, stdout and stderr together. */
  readonly output: () => string;
  /** Sends a signal; nothing happens when the process is gone already. */
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Asks with `signal`, takes SIGKILL after `graceMs`; resolves when the process is gone. Idempotent. */
  readonly end: (signal: NodeJS.Signals, graceMs: number) => Promise<Exit>;
}

const keptCharacters = 65_536;

/**
 * Starts a program in a process group of its own, so that a Ctrl-C in the terminal reaches only us and we decide the order.
 * A program that cannot be started has `exited` resolve with code 127 and the reason in `output()`.
 */
export function startChild(options: ChildOptions): Child {
  const { name, command, args, cwd, env, uid, gid, orphanSignal = 'SIGKILL', onLine, isOwned = false } = options;
  const started = spawn(command, args, { cwd, env, uid, gid, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  const keep = (chunk: string) => {
    text = (text + chunk).slice(-keptCharacters);
  };
  for (const stream of [started.stdout, started.stderr]) {
    stream.setEncoding('utf8').on('data', keep);
    if (onLine) eachLine(stream, onLine);
  }
  let isRunning = started.pid !== undefined;
  const exited = new Promise<Exit>((resolve) => {
    started.once('error', (error) => {
      if (started.pid !== undefined) return;
      keep(`${command} could not be started: ${error.message}\n`);
      resolve({ code: 127, signal: null });
    });
    started.once('exit', () => (isRunning = false));
    started.once('close', (code, signal) => resolve({ code, signal }));
  });
  if (started.pid !== undefined) endWithUs(started, started.pid, orphanSignal);

  const signal = (it: NodeJS.Signals) => void (isRunning && started.kill(it));
  const end = async (first: NodeJS.Signals, graceMs: number) => {
    signal(first);
    const timer = setTimeout(() => signal('SIGKILL'), graceMs);
    return exited.finally(() => clearTimeout(timer));
  };
  const child: Child = { name, pid: started.pid ?? -1, exited, isRunning: () => isRunning, output: () => text, signal, end };
  if (!isOwned) void exited.then(note({ name, kind: 'program', stop: () => end('SIGTERM', 5_000), output: child.output }));
  return child;
}

function eachLine(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  let rest = '';
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(onLine);
  });
  stream.on('end', () => rest !== '' && onLine(rest));
}

/**
 * Should we be killed outright, nobody is left to stop the child. A shell therefore reads a pipe that only we hold:
 * at its end without the word `done` it signals the child, and after 10 s kills it.
 */
function endWithUs(started: ChildProcess, pid: number, signal: NodeJS.Signals): void {
  // ends as soon as the child has: its process id may belong to somebody else soon
  const patience = `for second in 1 2 3 4 5 6 7 8 9 10; do sleep 1; kill -0 ${pid} || exit; done`;
  const script = `read -r word; [ "$word" = done ] && exit; kill -${signal.slice(3)} ${pid}; ${patience}; kill -KILL ${pid}`;
  const watcher = spawn('/bin/sh', ['-c', script], { cwd: '/', detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  watcher.unref();
  const pipe = watcher.stdin as NodeJS.WritableStream & { unref?: () => void };
  pipe.unref?.();
  pipe.on('error', () => watcher.kill()); // a watcher that is gone has nothing left to watch
  watcher.on('error', () => undefined); // no shell on this system: the child lives on after a SIGKILL of ours
  started.once('exit', () => pipe.end('done\n'));
}
