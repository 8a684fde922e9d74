import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { schemaFolder } from './generate.js';

/** A file that is not what the sources give. */
export interface Difference {
  readonly path: string;
  readonly state: 'missing' | 'stale' | 'left over';
}

/** Compares what should be there with what is, in order of path. */
export async function findDifferences(root: string, wanted: ReadonlyMap<string, string>): Promise<Difference[]> {
  const present = await filesBelow(root, schemaFolder);
  const leftOver = present.filter((path) => !wanted.has(path)).map((path) => ({ path, state: 'left over' as const }));
  const others = await Promise.all(
    [...wanted].map(async ([path, text]): Promise<Difference[]> => {
      const found = await readFile(join(root, path), 'utf8').catch(unlessMissing(undefined));
      if (found === undefined) return [{ path, state: 'missing' }];
      return found === text ? [] : [{ path, state: 'stale' }];
    }),
  );
  return [...others.flat(), ...leftOver].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Writes what is missing or stale and removes what is left over; nothing else is touched. Idempotent. */
export async function mendDifferences(root: string, wanted: ReadonlyMap<string, string>, differences: readonly Difference[]): Promise<void> {
  for (const { path, state } of differences) {
    const file = join(root, path);
    if (state === 'left over') await rm(file);
    else {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, wanted.get(path) ?? '');
    }
  }
}

async function filesBelow(root: string, folder: string): Promise<string[]> {
  const entries = await readdir(join(root, folder)).catch(unlessMissing<string[]>([]));
  return entries.map((name) => `${folder}/${name}`);
}

function unlessMissing<T>(instead: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code === 'ENOENT') return instead;
    throw error;
  };
}
