import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's folder. */
export const workspace = join(dirname(fileURLToPath(import.meta.url)), '../../../..');

/** Examples written to a folder of their own, as a reader would write them to apps/. */
export interface ExampleWorkspace {
  readonly root: string;
  /** What the compiler says; empty when all is well. */
  typecheck(): string;
  /** Bundles an app (`apps/orders`) as the page says. @returns its main.js. @throws Error with the output of the build. */
  build(app: string): string;
  remove(): Promise<void>;
}

/** It lies in a `dist`, which git, lint and the cache of the tests ignore, and below the repository, where the packages are found. */
export async function writeExamples(files: ReadonlyMap<string, string>): Promise<ExampleWorkspace> {
  const parent = join(workspace, 'apps/system-tests/dist');
  await mkdir(parent, { recursive: true });
  const root = await mkdtemp(join(parent, 'examples-'));
  const settings = { extends: relative(root, join(workspace, 'tsconfig.base.json')), include: ['apps', relative(root, join(workspace, 'libs/lua.d.ts'))] };
  const all = new Map([...files, ['package.json', '{ "type": "module" }'], ['tsconfig.json', JSON.stringify(settings)]]);
  for (const [path, text] of all) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  const run = (script: string, ...args: string[]) => {
    const { stdout, stderr, status } = spawnSync(process.execPath, [join(workspace, script), ...args], { cwd: workspace, encoding: 'utf8' });
    return { output: `${stdout}${stderr}`, isDone: status === 0 };
  };
  return {
    root,
    typecheck: () => run('node_modules/typescript/bin/tsc', '-p', root).output,
    build(app) {
      const { output, isDone } = run('tools/build/build.mjs', relative(workspace, join(root, app)));
      if (!isDone) throw new Error(`${app} cannot be bundled:\n${output}`);
      return join(root, app, 'dist/main.js');
    },
    remove: () => rm(root, { recursive: true, force: true }),
  };
}
