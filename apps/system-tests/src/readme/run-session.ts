import { startChild } from '@angarium/testing';
import type { Step } from './extract-examples.js';

export interface SessionOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** What stands on the page, and what it is here: addresses, mostly. */
  readonly replace: Readonly<Record<string, string>>;
}

export interface StepResult extends Step {
  readonly output: string;
}

const end = '--- end of a step ---';

/**
 * Runs the blocks of a page one after the other in one bash, as a reader would paste them into one terminal.
 * What they start in the background ends with them. @throws Error with the output when a command fails.
 */
export async function runSession(steps: readonly Step[], { cwd, env, replace }: SessionOptions): Promise<StepResult[]> {
  const text = steps.map(({ commands }) => `${commands}\necho; echo '${end}'\n`).join('');
  const script = Object.entries(replace).reduce((whole, [from, to]) => whole.replaceAll(from, to), text);
  // errors go to standard output, where the page's reader sees them too
  const prelude = `exec 2>&1; set -e -o pipefail; trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT\n`;
  const shell = startChild({ name: 'session', command: 'bash', args: ['-c', prelude + script], cwd, env: { ...process.env, ...env }, orphanSignal: 'SIGKILL' });
  const { code } = await shell.exited;
  const outputs = shell.output().split(`\n${end}\n`);
  if (code !== 0) throw new Error(`Block ${outputs.length} of the page ended with ${code}:\n${steps[outputs.length - 1]?.commands ?? ''}\n${outputs.at(-1) ?? ''}`);
  return steps.map((step, at) => ({ ...step, output: outputs[at] ?? '' }));
}
