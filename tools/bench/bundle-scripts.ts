import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type BuildOptions } from 'esbuild';

/**
 * Bundles scripts of tools/bench that run as processes of their own. The results lie below node_modules, so that they find their packages.
 * @param scripts paths below tools/bench, without ending. @returns the bundle of each, in order.
 */
export async function bundleScripts(root: string, scripts: readonly string[]): Promise<string[]> {
  const { bundle } = (await import(pathToFileURL(join(root, 'tools/build/options.mjs')).href)) as { bundle: (entry: string, out: string) => BuildOptions };
  return Promise.all(
    scripts.map(async (it) => {
      const out = join(root, 'node_modules/.cache/angarium/bench', `${it.replaceAll('/', '-')}.mjs`);
      await build({ ...bundle(join(root, 'tools/bench', `${it}.ts`), out), absWorkingDir: root });
      return out;
    }),
  );
}
