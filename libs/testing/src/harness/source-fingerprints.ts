import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const sources = /(?<!\.spec)\.(ts|lua|html|mjs|json)$/;
/** Files outside apps/ and libs/ that decide what a bundle holds. */
const rules = ['package-lock.json', '.swcrc', 'tsconfig.base.json', 'tools/build/options.mjs'];

/** For each app a text that changes when its bundle could: by its own sources, those of every lib, or the rules of bundling. */
export async function sourceFingerprints<Name extends string>(workspace: string, apps: readonly Name[]): Promise<Map<Name, string>> {
  const libs = await readdir(join(workspace, 'libs')).catch(ifMissing);
  const shared = await Promise.all(libs.sort().map((it) => sourcesBelow(workspace, `libs/${it}/src`)));
  const base = await digest(workspace, [...shared.flat(), ...rules], process.version);
  const each = async (app: Name) => [app, await digest(workspace, await sourcesBelow(workspace, `apps/${app}/src`), base)] as const;
  return new Map(await Promise.all(apps.map(each)));
}

async function sourcesBelow(workspace: string, folder: string): Promise<string[]> {
  const names = await readdir(join(workspace, folder), { recursive: true }).catch(ifMissing);
  return names.filter((it) => sources.test(it)).sort().map((it) => `${folder}/${it}`);
}

async function digest(workspace: string, files: readonly string[], start: string): Promise<string> {
  const contents = await Promise.all(files.map((it) => readFile(join(workspace, it)).catch(() => Buffer.from('missing'))));
  const hash = createHash('sha256').update(start);
  files.forEach((file, index) => hash.update(`\0${file}\0${contents[index]!.length}\0`).update(contents[index]!));
  return hash.digest('hex').slice(0, 16);
}

function ifMissing(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
  throw error;
}
