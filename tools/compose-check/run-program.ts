import { spawn } from 'node:child_process';

export interface ProgramRun {
  readonly exitCode: number;
  readonly stdout: string;
  /** The end of both outputs, as a terminal would show it: for the message of a failure. */
  readonly tail: string;
}

export interface RunOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Ends the program, and what it has started, with SIGTERM. */
  readonly signal?: AbortSignal | undefined;
}

const tailLines = 40;
const notFoundExitCode = 127;

/** Runs a program to its end. One that is not on PATH has exit code 127. @throws AbortError when `signal` was given before. */
export function runProgram(command: string, args: readonly string[], { env, signal }: RunOptions): Promise<ProgramRun> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    // A group of its own: Ctrl-C in the terminal reaches us alone, and what is started here ends in the order that we decide.
    const child = spawn(command, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const end = () => child.pid !== undefined && process.kill(-child.pid, 'SIGTERM');
    signal?.addEventListener('abort', end, { once: true });
    let [stdout, both] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      both += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (both += text));
    child.once('exit', () => signal?.removeEventListener('abort', end)); // its number may be another's from now on
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') resolve({ exitCode: notFoundExitCode, stdout: '', tail: `${command} is not on PATH` });
      else reject(error);
    });
    child.once('close', (code) => resolve({ exitCode: code ?? 1, stdout, tail: both.trimEnd().split('\n').slice(-tailLines).join('\n') }));
  });
}
