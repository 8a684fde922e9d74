import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cache, root } from './workspace.mjs';

const folder = join(cache, 'tools');

/** Tools that can be run: folders of tools/ with a main.ts. */
export function toolNames() {
  return readdirSync(join(root, 'tools')).filter((it) => existsSync(join(root, 'tools', it, 'main.ts')));
}

/**
 * Bundles tools/<tool>/main.ts and answers with the path of the result; at once when no file that went into it changed.
 * It lies below node_modules, so that it finds the packages that stay outside of it.
 */
export async function bundleTool(tool) {
  const out = join(folder, `${tool}.mjs`);
  if (isCurrent(out)) return out;
  const [{ build }, { bundle }] = await Promise.all([import('esbuild'), import('../build/options.mjs')]);
  const { outputFiles, metafile } = await build({ ...bundle(join(root, 'tools', tool, 'main.ts'), out), write: false, metafile: true, absWorkingDir: root });
  const inputs = Object.keys(metafile.inputs).filter((it) => !it.startsWith('('));
  await mkdir(folder, { recursive: true });
  for (const { path, contents } of outputFiles) await replace(path, contents);
  await replace(`${out}.inputs.json`, JSON.stringify(Object.fromEntries(inputs.map((it) => [it, versionOf(it)]))));
  return out;
}

function isCurrent(out) {
  try {
    const inputs = Object.entries(JSON.parse(readFileSync(`${out}.inputs.json`, 'utf8')));
    const builtAt = statSync(out).mtimeMs;
    const rules = ['tools/build/options.mjs', '.swcrc', 'package-lock.json'].every((it) => statSync(join(root, it)).mtimeMs < builtAt);
    return rules && inputs.every(([path, version]) => versionOf(path) === version);
  } catch {
    // Never built, or a file is gone.
    return false;
  }
}

function versionOf(path) {
  const { mtimeMs, size } = statSync(join(root, path));
  return `${mtimeMs}-${size}`;
}

/** Two tools may be bundled at once (npm start beside npm test): a reader sees the old file or the new one, never half of one. */
async function replace(path, contents) {
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, contents);
  await rename(draft, path);
}
