import { access, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MigrationErrors } from './errors.js';

/** A text file of the folder, by its absolute path. */
export interface TextFile {
  readonly path: string;
  readonly content: string;
}

/** One migration: its folder's name and its SQL. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
}

/** What the folder prisma/ says the database should be. */
export interface PrismaFolder {
  /** Absolute path of prisma/migrations. */
  readonly migrationsPath: string;
  /** Oldest first. */
  readonly migrations: readonly Migration[];
  readonly schemaFiles: readonly TextFile[];
}

/** Reads prisma/ whole. @throws PRISMA_FOLDER_NOT_FOUND */
export async function readPrismaFolder(folder?: string): Promise<PrismaFolder> {
  const root = folder ?? (await findPrismaFolder(dirname(fileURLToPath(import.meta.url))));
  const schemaPath = join(root, 'schema');
  const migrationsPath = join(root, 'migrations');
  const [schemaNames, migrationNames] = await Promise.all([
    readdir(schemaPath).catch((cause: unknown) => {
      throw MigrationErrors.PRISMA_FOLDER_NOT_FOUND(`There is no folder ${schemaPath}. Pass the folder prisma/ of the repository.`, { cause });
    }),
    listMigrations(migrationsPath),
  ]);
  const read = async (path: string): Promise<TextFile> => ({ path, content: await readFile(path, 'utf8') });
  const schemaFiles = await Promise.all(schemaNames.filter((it) => it.endsWith('.prisma')).sort().map((it) => read(join(schemaPath, it))));
  const migrations = await Promise.all(
    migrationNames.map(async (name) => ({ name, sql: (await read(join(migrationsPath, name, 'migration.sql'))).content })),
  );
  return { migrationsPath, migrations, schemaFiles };
}

async function listMigrations(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []; // a new repository has none
    throw error;
  });
  return entries.filter((it) => it.isDirectory()).map((it) => it.name).sort();
}

/** Upwards from here: from the sources, from a bundle in node_modules/.cache, and from /app/dist beside /app/prisma. */
async function findPrismaFolder(start: string): Promise<string> {
  for (let at = start; ; at = dirname(at)) {
    const candidate = join(at, 'prisma');
    const isIt = await access(join(candidate, 'schema', 'datasource.prisma')).then(
      () => true,
      () => false,
    );
    if (isIt) return candidate;
    if (at === dirname(at)) throw MigrationErrors.PRISMA_FOLDER_NOT_FOUND(`No folder above ${start} has prisma/schema/datasource.prisma. Pass the folder.`);
  }
}
