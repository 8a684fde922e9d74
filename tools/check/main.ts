import { existsSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { runNx } from '../test/run-nx.js';

const root = process.cwd();

/** Lint, types and module boundaries of all projects, then whether generated files are those of the sources. */
const { exitCode } = await runNx(root, ['run-many', '-t', 'lint', 'typecheck', '--output-style=static', ...process.argv.slice(2)]);
let isFresh = true;
if (existsSync(join(root, 'tools/generate/main.ts'))) {
  const { status } = spawnSync(process.execPath, [join(root, 'tools/run.mjs'), 'generate', '--check'], { cwd: root, stdio: 'inherit' });
  isFresh = status === 0;
}
if (exitCode !== 0) console.log('Check failed: mend what is listed above, then npm run check again.');
else if (!isFresh) console.log('Check failed: generated files are stale. Run npm run generate and commit what it changes.');
else console.log('Check passed: lint, types, module boundaries and generated files are in order.');
process.exitCode = exitCode === 0 && isFresh ? 0 : 1;
