import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitFor } from '../index.js';

const project = join(dirname(fileURLToPath(import.meta.url)), '../..');
const program = `console.log('the soup is ' + (process.env.TASTE ?? 'hot')); setInterval(() => {}, 1000);`;
/** A test file of somebody who uses the harness; it stops nothing itself. */
const userTest = (main: string) => `
import { startService, stopAfterTests, waitFor } from '${join(project, 'src/index.ts')}';
stopAfterTests();
it('starts a cook', async () => {
  const cook = await startService({ name: 'cook', main: '${main}', env: {} });
  await waitFor(() => cook.output().includes('soup'), { what: 'the soup' });
  process.stderr.write('pid=' + cook.pid + '\\n');
});
it('is well', () => {});
it('is broken', () => { throw new Error('broken'); });
`;

let dir: string;
beforeEach(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'angarium-jest-')));
});
afterEach(() => rm(dir, { recursive: true }));

it('a failing test shows the output of the programs that it started, a passing one does not, and none outlives the file', async () => {
  const main = join(dir, 'main.mjs');
  await mkdir(join(dir, 'src'));
  await symlink(join(project, '../../node_modules'), join(dir, 'node_modules'));
  await writeFile(main, program);
  await writeFile(join(dir, 'src/user.spec.ts'), userTest(main));
  await writeFile(join(dir, 'jest.config.mjs'), `import preset from '${join(project, '../../jest.preset.mjs')}';\nexport default { ...preset('user'), rootDir: '${dir}' };`);
  const jest = join(project, '../../node_modules/jest/bin/jest.js');
  const args = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', jest, '--config', join(dir, 'jest.config.mjs')];
  const { stderr } = spawnSync(process.execPath, args, { cwd: dir, encoding: 'utf8', timeout: 20_000, env: { PATH: process.env['PATH'], NO_COLOR: '1' } });
  expect(stderr).toContain('--- cook, when "is broken" failed ---\nthe soup is hot\n');
  expect(stderr).not.toMatch(/when "(starts a cook|is well)" failed/);
  expect(stderr).toContain('1 failed, 2 passed');
  const pid = Number(/pid=(\d+)/.exec(stderr)?.[1]);
  await waitFor(() => !isRunning(pid), { what: 'the program to be gone' });
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
