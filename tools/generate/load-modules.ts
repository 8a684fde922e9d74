import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, stop, type BuildOptions } from 'esbuild';

export type LoadedModule = Readonly<Record<string, unknown>>;

/**
 * Runs TypeScript files and answers with what each exports, in order. They are loaded by path and not imported, because apps may not be.
 * One bundle for all, which lies below node_modules for the time of loading, so that it finds its packages.
 * @throws esbuild's error when one does not compile.
 */
export async function loadModules(root: string, paths: readonly string[]): Promise<LoadedModule[]> {
  const folder = join(root, 'node_modules/.cache/angarium/generate');
  const out = join(folder, `sources-${process.pid}.mjs`);
  const options = join(process.cwd(), 'tools/build/options.mjs');
  const { bundle } = (await import(pathToFileURL(options).href)) as { bundle: (entry: string, out: string) => BuildOptions };
  const common = bundle('', out);
  delete common.entryPoints; // it comes from no file
  const contents = paths.map((path, i) => `export * as m${i} from ${JSON.stringify(`./${path}`)};`).join('\n');
  await mkdir(folder, { recursive: true });
  try {
    const { outputFiles } = await build({ ...common, stdin: { contents, resolveDir: root, loader: 'ts' }, sourcemap: false, write: false });
    await writeFile(out, outputFiles[0]?.contents ?? '');
    const modules = (await import(pathToFileURL(out).href)) as Record<string, LoadedModule>;
    return paths.map((_, i) => modules[`m${i}`] ?? {});
  } finally {
    await rm(out, { force: true });
    await stop(); // esbuild's own process would stay with us to the end
  }
}
