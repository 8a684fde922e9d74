import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { processesBelow } from './processes-below.js';

export interface NxRun {
  /** Standard output, complete. */
  readonly output: string;
  readonly exitCode: number;
}

/** Nx prints when a task is done; the longest takes four minutes, on a slow machine twenty. Whoever is silent for longer hangs. */
const MOST_SILENCE_MS = 30 * 60_000;
/** An Nx that is ended prints what its tasks have printed so far. */
const TO_END_MS = 20_000;

/**
 * Runs Nx with its output shown as it comes. Ctrl-C reaches Nx by itself (same terminal); SIGTERM is passed on. Never rejects.
 * A task that hangs fails the run: after `mostSilenceMs` without a word the processes are listed and the run is ended.
 */
export function runNx(root: string, args: readonly string[], mostSilenceMs = MOST_SILENCE_MS): Promise<NxRun> {
  const env: NodeJS.ProcessEnv = { ...process.env, NX_TUI: 'false' };
  if (process.stdout.isTTY && env['NO_COLOR'] === undefined) env['FORCE_COLOR'] ??= '1';
  // Node hides colours and warns about it when both are set.
  else delete env['FORCE_COLOR'];
  return new Promise((resolve) => {
    const nx = spawn(process.execPath, [join(root, 'node_modules/.bin/nx'), ...args], { cwd: root, env, stdio: ['inherit', 'pipe', 'inherit'] });
    let output = '';
    const show = (text: string) => {
      output += text;
      process.stdout.write(text);
    };
    const silence = setTimeout(() => {
      show(`\nNothing was printed for ${Math.round(mostSilenceMs / 1000)} s, so the run is ended. These processes hang:\n${processesBelow(nx.pid)}\n`);
      nx.kill('SIGTERM');
      setTimeout(() => {
        nx.kill('SIGKILL');
        nx.stdout.destroy(); // what hangs may hold it open
      }, TO_END_MS).unref();
    }, mostSilenceMs);
    nx.stdout.setEncoding('utf8').on('data', (text: string) => {
      show(text);
      silence.refresh();
    });
    const end = (exitCode: number) => {
      clearTimeout(silence);
      resolve({ output, exitCode });
    };
    process.on('SIGINT', () => undefined);
    process.on('SIGTERM', () => nx.kill('SIGTERM'));
    nx.on('error', (error) => {
      show(String(error));
      end(1);
    });
    nx.on('close', (code) => end(code ?? 1));
  });
}
