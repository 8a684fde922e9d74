import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildApps } from '../index.js';

const real = join(dirname(fileURLToPath(import.meta.url)), '../../../..');
let workspace: string;
const write = async (file: string, text: string) => {
  await mkdir(dirname(join(workspace, file)), { recursive: true });
  await writeFile(join(workspace, file), text);
};
const run = (main: string) => execFileSync(process.execPath, [main], { encoding: 'utf8', env: {} }).trim();

/** A workspace of its own, with the real rules and packages. */
beforeEach(async () => {
  workspace = await mkdtemp(join(tmpdir(), 'angarium-build-'));
  for (const name of ['tools', 'node_modules']) await symlink(join(real, name), join(workspace, name));
  await write('apps/cook/src/main.ts', `import { dish } from './dish.js';\nconsole.log(dish satisfies string);`);
  await write('apps/cook/src/dish.ts', `export const dish: string = 'soup';`);
});
afterEach(() => rm(workspace, { recursive: true }));

describe('buildApps', () => {
  it('bundles an app that then runs, once for the same sources', async () => {
    const { cook } = await buildApps(['cook'], workspace);
    expect(run(cook)).toBe('soup');
    const { mtimeMs } = await stat(cook);
    await write('apps/cook/src/dish.spec.ts', 'a test is no part of it');
    expect(await buildApps(['cook'], workspace)).toEqual({ cook });
    expect((await stat(cook)).mtimeMs).toBe(mtimeMs);
  });

  it('bundles again when a source changes, and leaves the bundle in use alone', async () => {
    const before = await buildApps(['cook'], workspace);
    await write('apps/cook/src/dish.ts', `export const dish: string = 'stew';`);
    const after = await buildApps(['cook'], workspace);
    expect([run(before.cook), run(after.cook)]).toEqual(['soup', 'stew']);
  });

  it('is right when several processes do it at once', async () => {
    const all = await Promise.all([1, 2, 3].map(() => buildApps(['cook'], workspace)));
    expect(new Set(all.map((it) => it.cook)).size).toBe(1);
    expect(run(all[0]!.cook)).toBe('soup');
    expect(await readdir(dirname(dirname(all[0]!.cook)))).toHaveLength(1);
  });

  it('removes bundles of an hour ago', async () => {
    const before = dirname((await buildApps(['cook'], workspace)).cook);
    await utimes(before, new Date(0), new Date(0));
    await write('apps/cook/src/dish.ts', `export const dish: string = 'stew';`);
    await buildApps(['cook'], workspace);
    expect(existsSync(before)).toBe(false);
  });

  it('names an app that is not there and a source that does not compile', async () => {
    await expect(buildApps(['waiter', 'cook'], workspace)).rejects.toThrow('No apps/<name>/src/main.ts for: waiter. There are: cook.');
    await write('apps/cook/src/dish.ts', 'export const = soup');
    await expect(buildApps(['cook'], workspace)).rejects.toThrow(/could not be bundled:[^]*apps\/cook\/src\/dish\.ts/);
  });
});
