import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runNx } from './run-nx.js';

/** A project whose Nx is this script. */
function projectWithNx(script: string): string {
  const root = mkdtempSync(join(tmpdir(), 'angarium-nx-'));
  mkdirSync(join(root, 'node_modules/.bin'), { recursive: true });
  writeFileSync(join(root, 'node_modules/.bin/nx'), script);
  return root;
}

describe('a run of Nx', () => {
  it('ends with its exit code and all it printed', async () => {
    const root = projectWithNx('console.log("one"); process.exitCode = 3;');
    await expect(runNx(root, [])).resolves.toEqual({ output: 'one\n', exitCode: 3 });
    rmSync(root, { recursive: true });
  });

  it('fails, naming the processes, when a task hangs, and shows what the task printed', async () => {
    const hangs = `const { spawn } = require('node:child_process');
      const task = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', 'the-task'], { stdio: 'ignore' });
      process.on('SIGTERM', () => { console.log('the task said hello'); task.kill(); process.exit(143); });
      console.log('begun');`;
    const root = projectWithNx(hangs);
    const { output, exitCode } = await runNx(root, [], 1_000);
    expect(exitCode).toBe(143);
    expect(output).toMatch(/^begun\n\nNothing was printed for 1 s[^]*the-task\n[^]*the task said hello\n$/);
    rmSync(root, { recursive: true });
  });
});
