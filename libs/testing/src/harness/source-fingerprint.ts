import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const sources = /(?<!\.spec)\.(ts|lua|html|mjs|json)$/;
/** Files outside apps/ and libs/ that decide what a bundle holds. */
const rules = ['package-lock.json', '.swcrc', 'tsconfig.base.json', 'tools/build/options.mjs'];

/** Changes when the bundle of this app could: its own sources, those of every lib, the rules of bundling. Some 50 ms. */
export async function sourceFingerprint(workspace: string, app: string): Promise<string> {
  const libs = await readdir(join(workspace, 'libs')).catch(ifMissing);
  const folders = [`apps/${app}/src`, ...libs.sort().map((it) => `libs/${it}/src`)];
  const lists = await Promise.all(
    folders.map(async (folder) => {
      const names = await readdir(join(workspace, folder), { recursive: true }).catch(ifMissing);
      return names.filter((it) => sources.test(it)).sort().map((it) => `${folder}/${it}`);
    }),
  );
  const files = [...lists.flat(), ...rules];
  const contents = await Promise.all(files.map((it) => readFile(join(workspace, it)).catch(() => Buffer.from('missing'))));
  const hash = createHash('sha256').update(process.version);
  files.forEach((file, index) => hash.update(`\0${file}\0${contents[index]!.length}\0`).update(contents[index]!));
  return hash.digest('hex').slice(0, 16);
}

function ifMissing(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
  throw error;
}
