import type { PrismaFolder } from './prisma-folder.js';
import { noFilters, toMigrationList, withSchemaEngine } from './schema-engine.js';

/**
 * SQL that the migrations lack to arrive at the schema files, or undefined.
 * Replays them on a shadow database, which is dropped again (the role needs CREATEDB); the database itself is not looked at.
 */
export async function pendingSql(databaseUrl: string, folder: PrismaFolder): Promise<string | undefined> {
  const { exitCode, stdout } = await withSchemaEngine(databaseUrl, folder, (engine) =>
    engine.diff({
      from: { tag: 'migrations', ...toMigrationList(folder) },
      to: { tag: 'schemaDatamodel', files: [...folder.schemaFiles] },
      script: true,
      exitCode: true,
      filters: noFilters,
    }),
  );
  return exitCode === 2 ? (stdout ?? '') : undefined;
}
