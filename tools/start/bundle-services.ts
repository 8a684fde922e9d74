import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, stop, type BuildOptions } from 'esbuild';
import { Advice } from './advice.js';

/** The bundle of a service, where its Nx target puts it too: beside its own node_modules, which it may need. */
export const bundleOf = (root: string, service: string) => join(root, 'apps', service, 'dist/main.js');

const sourceOf = (root: string, service: string) => join(root, 'apps', service, 'src/main.ts');

/**
 * Bundles services in one pass, so that what they share is read once; all of them take less than a second.
 * @throws Advice naming services without a main.ts, or saying what did not compile.
 */
export async function bundleServices(root: string, services: readonly string[]): Promise<void> {
  const isThere = await Promise.all(services.map((it) => access(sourceOf(root, it)).then(() => true, () => false)));
  const missing = services.filter((_, i) => !isThere[i]);
  if (missing.length > 0) throw new Advice(`There is no apps/<name>/src/main.ts for: ${missing.join(', ')}. Leave them out with --only.`);

  const { bundle } = (await import(pathToFileURL(join(root, 'tools/build/options.mjs')).href)) as { bundle: (entry: string, outFile: string) => BuildOptions };
  const options: BuildOptions = { ...bundle('', ''), outdir: join(root, 'apps'), absWorkingDir: root, logLevel: 'silent' };
  delete options.outfile; // several entries go to a folder
  options.entryPoints = services.map((it) => ({ in: sourceOf(root, it), out: join(it, 'dist/main') }));
  try {
    await build(options);
  } catch (error) {
    throw new Advice(`The services could not be bundled. ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    await stop(); // esbuild's own process would stay with us to the end
  }
}
