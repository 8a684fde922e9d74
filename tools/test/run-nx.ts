import { spawn } from 'node:child_process';
import { join } from 'node:path';

export interface NxRun {
  /** Standard output, complete. */
  readonly output: string;
  readonly exitCode: number;
}

/** Runs Nx with its output shown as it comes. Ctrl-C reaches Nx by itself (same terminal); SIGTERM is passed on. Never rejects. */
export function runNx(root: string, args: readonly string[]): Promise<NxRun> {
  const env: NodeJS.ProcessEnv = { ...process.env, NX_TUI: 'false' };
  if (process.stdout.isTTY && env['NO_COLOR'] === undefined) env['FORCE_COLOR'] ??= '1';
  // Node hides colours and warns about it when both are set.
  else delete env['FORCE_COLOR'];
  return new Promise((resolve) => {
    const nx = spawn(process.execPath, [join(root, 'node_modules/.bin/nx'), ...args], { cwd: root, env, stdio: ['inherit', 'pipe', 'inherit'] });
    let output = '';
    nx.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      process.stdout.write(text);
    });
    process.on('SIGINT', () => undefined);
    process.on('SIGTERM', () => nx.kill('SIGTERM'));
    nx.on('error', (error) => resolve({ output: String(error), exitCode: 1 }));
    nx.on('close', (code) => resolve({ output, exitCode: code ?? 1 }));
  });
}
