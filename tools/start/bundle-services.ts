import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type BuildOptions } from 'esbuild';
import { Advice } from './advice.js';

/** The bundle of a service, where its Nx target puts it too: beside its own node_modules, which it may need. */
export const bundleOf = (root: string, service: string) => join(root, 'apps', service, 'dist/main.js');

/** Files whose change makes every bundle stale although no bundle contains them. */
const rules = ['tools/build/options.mjs', '.swcrc', 'package-lock.json'];

/**
 * Bundles services in one pass, so that what they share is compiled once. Those whose sources did not change are left alone.
 * @throws Advice naming a service without a main.ts, or that did not compile (esbuild has then said why).
 */
export async function bundleServices(root: string, services: readonly string[]): Promise<void> {
  const stampFile = join(root, 'node_modules/.cache/angarium/services.json');
  const stamp = await readStamp(stampFile);
  const outputs = services.map((it) => bundleOf(root, it));
  if (await isCurrent(root, stamp, services, outputs)) return;
  const missing = await Promise.all(services.map(async (it) => ((await versionOf(join(root, 'apps', it, 'src/main.ts'))) === 'gone' ? it : undefined)));
  const without = missing.filter((it) => it !== undefined);
  if (without.length > 0) throw new Advice(`There is no apps/<name>/src/main.ts for: ${without.join(', ')}. Leave them out with --only.`);

  const { bundle } = (await import(pathToFileURL(join(root, 'tools/build/options.mjs')).href)) as { bundle: (entry: string, out: string) => BuildOptions };
  const { outfile: _, ...options } = bundle('', '');
  const entryPoints = services.map((it) => ({ in: join(root, 'apps', it, 'src/main.ts'), out: join(it, 'dist/main') }));
  const result = await build({ ...options, entryPoints, outdir: join(root, 'apps'), absWorkingDir: root, metafile: true }).catch((error: unknown) => {
    throw new Advice(`The services could not be bundled:\n${error instanceof Error ? error.message : String(error)}`);
  });
  const inputs = Object.keys(result.metafile?.inputs ?? {}).filter((it) => !it.startsWith('('));
  const versions = await Promise.all([...inputs, ...rules].map(async (it) => [it, await versionOf(join(root, it))] as const));
  await mkdir(dirname(stampFile), { recursive: true });
  await writeFile(stampFile, JSON.stringify({ services, files: Object.fromEntries(versions), outputs: await Promise.all(outputs.map(versionOf)) } satisfies Stamp));
}

interface Stamp {
  readonly services: readonly string[];
  readonly files: Readonly<Record<string, string>>;
  readonly outputs: readonly string[];
}

async function readStamp(file: string): Promise<Stamp | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Stamp;
  } catch {
    // Never bundled here.
    return undefined;
  }
}

async function isCurrent(root: string, stamp: Stamp | undefined, services: readonly string[], outputs: readonly string[]): Promise<boolean> {
  if (stamp === undefined || stamp.services.join() !== services.join()) return false;
  const [found, files] = await Promise.all([
    Promise.all(outputs.map(versionOf)),
    Promise.all(Object.keys(stamp.files).map(async (it) => (await versionOf(join(root, it))) === stamp.files[it])),
  ]);
  return found.join() === stamp.outputs.join() && files.every(Boolean);
}

async function versionOf(path: string): Promise<string> {
  const it = await stat(path).catch(() => undefined);
  return it === undefined ? 'gone' : `${it.mtimeMs}-${it.size}`;
}
