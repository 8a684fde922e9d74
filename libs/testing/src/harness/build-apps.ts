import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { sourceFingerprints } from './source-fingerprints.js';

/** esbuild does not run inside Jest (it meets another realm's Uint8Array there), so a process of its own runs this. */
const script = `
const [options, pairs] = process.argv.slice(1);
const [{ bundle }, { build }] = await Promise.all([import(options), import('esbuild')]);
await Promise.all(JSON.parse(pairs).map(([entry, out]) => build(bundle(entry, out))));
`;
/** Bundles of other contents are removed after this time: a test that runs may still need one. */
const keptMs = 3_600_000;

/**
 * Bundles apps as `nx build` does; answers with the path of each one's main.js. What was bundled from the same sources before is taken as it is.
 * They lie in apps/<name>/node_modules/.cache: an app finds its packages from there as from its dist, and `dist` may change meanwhile.
 * Any number of processes may do this at once.
 * @param workspace the repository's folder; default the one of this file.
 * @throws Error naming an unknown app, or with esbuild's messages.
 */
export async function buildApps<const Name extends string>(names: readonly Name[], workspace = workspaceRoot()): Promise<Record<Name, string>> {
  await requireApps(names, workspace);
  const fingerprints = await sourceFingerprints(workspace, names);
  const wanted = [...fingerprints].map(([name, fingerprint]) => {
    const cache = join(workspace, 'apps', name, 'node_modules/.cache/angarium');
    return { name, cache, folder: join(cache, fingerprint) };
  });
  const missing = wanted.filter(({ folder }) => !existsSync(folder));
  if (missing.length > 0) await bundle(missing, workspace);
  return Object.fromEntries(wanted.map(({ name, folder }) => [name, join(folder, 'main.js')])) as Record<Name, string>;
}

interface Wanted {
  readonly name: string;
  readonly cache: string;
  readonly folder: string;
}

async function bundle(wanted: readonly Wanted[], workspace: string): Promise<void> {
  const making = await Promise.all(
    wanted.map(async ({ cache }) => {
      await mkdir(cache, { recursive: true });
      return mkdtemp(join(cache, 'making-'));
    }),
  );
  try {
    const pairs = wanted.map(({ name }, index) => [join(workspace, 'apps', name, 'src/main.ts'), join(making[index]!, 'main.js')]);
    await runScript([pathToFileURL(join(workspace, 'tools/build/options.mjs')).href, JSON.stringify(pairs)], workspace);
    await Promise.all(wanted.map(({ folder }, index) => rename(making[index]!, folder).catch(unlessThere)));
  } finally {
    await Promise.all(making.map((it) => rm(it, { recursive: true, force: true })));
  }
  await Promise.all(wanted.map(removeOld));
}

async function runScript(args: readonly string[], cwd: string): Promise<void> {
  const env = { ...process.env, NODE_OPTIONS: '' }; // without Jest's flags
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script, ...args], { cwd, env, stdio: ['ignore', 'ignore', 'pipe'] });
  let messages = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (messages += chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`The apps could not be bundled:\n${messages.slice(0, 8_000)}`);
}

/** Another process was faster; what it made is the same. */
function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
}

async function removeOld({ cache, folder }: Wanted): Promise<void> {
  for (const entry of await readdir(cache)) {
    const path = join(cache, entry);
    const made = await stat(path).catch(() => undefined); // another process removes old ones too
    const isOld = made !== undefined && Date.now() - made.mtimeMs > keptMs;
    if (path !== folder && isOld) await rm(path, { recursive: true, force: true });
  }
}

async function requireApps(names: readonly string[], workspace: string): Promise<void> {
  const isApp = (name: string) => existsSync(join(workspace, 'apps', name, 'src/main.ts'));
  const unknown = names.filter((it) => !isApp(it));
  if (unknown.length === 0) return;
  const known = (await readdir(join(workspace, 'apps'))).filter(isApp);
  throw new Error(`No apps/<name>/src/main.ts for: ${unknown.join(', ')}. There are: ${known.join(', ') || 'none'}.`);
}

/** The nearest folder above this file that has an nx.json, whether this runs bundled or not. */
function workspaceRoot(): string {
  for (let at = dirname(fileURLToPath(import.meta.url)); at !== dirname(at); at = dirname(at)) {
    if (existsSync(join(at, 'nx.json'))) return at;
  }
  throw new Error('No folder with an nx.json above this file; run this from a checkout of Angarium.');
}
