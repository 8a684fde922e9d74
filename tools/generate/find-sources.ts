import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Files that declare what the reference pages tell; paths below the workspace, in order. */
export interface Sources {
  /** `apps/<name>/src/config.ts` */
  readonly configs: readonly string[];
  /** Files named `errors.ts` or `…-errors.ts` that declare a catalogue, of libs first. */
  readonly catalogues: readonly string[];
  /** `apps/<name>/src/…/open-api-document.ts` */
  readonly apis: readonly string[];
}

/** A catalogue of its own, or one that is put together with that of a library. */
const declaresCatalogue = /^(export const \w+ = | {2}\.\.\.)defineErrors\(/m;
const isCatalogueFile = (path: string) => /(^|[/-])errors\.ts$/.test(path);

/**
 * Looks through apps and libs, so that a new one is found by itself.
 * @throws Error naming a file that declares error codes under another name: they would be overlooked by people too.
 */
export async function findSources(root: string): Promise<Sources> {
  const [apps, libs] = await Promise.all([sourcesBelow(root, 'apps'), sourcesBelow(root, 'libs')]);
  const all = await Promise.all([...libs, ...apps].map(async (path) => ({ path, text: await readFile(join(root, path), 'utf8') })));
  const catalogues = all.filter(({ text }) => declaresCatalogue.test(text)).map(({ path }) => path);
  const misplaced = catalogues.filter((path) => !isCatalogueFile(path));
  if (misplaced.length > 0) throw new Error(`Error codes are declared in ${misplaced.join(', ')}. Move them to a file named errors.ts or <part>-errors.ts.`);
  return {
    configs: apps.filter((path) => /^apps\/[^/]+\/src\/config\.ts$/.test(path)),
    catalogues,
    apis: apps.filter((path) => path.endsWith('/open-api-document.ts')),
  };
}

async function sourcesBelow(root: string, folder: string): Promise<string[]> {
  const projects = await readdir(join(root, folder), { withFileTypes: true });
  const lists = await Promise.all(projects.filter((it) => it.isDirectory()).map(({ name }) => typescriptBelow(root, `${folder}/${name}/src`)));
  return lists.flat().sort();
}

async function typescriptBelow(root: string, folder: string): Promise<string[]> {
  const entries = await readdir(join(root, folder), { withFileTypes: true, recursive: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []; // a folder without sources
    throw error;
  });
  const paths = entries.filter((it) => it.isFile()).map((it) => `${folder}/${join(it.parentPath, it.name).slice(join(root, folder).length + 1)}`);
  return paths.filter((path) => path.endsWith('.ts') && !path.endsWith('.spec.ts') && !path.includes('/generated/'));
}
