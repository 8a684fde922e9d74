import type { MigrationOptions } from './deploy-migrations.js';
import { readPrismaFolder } from './prisma-folder.js';
import { noFilters, toMigrationList, withSchemaEngine } from './schema-engine.js';

export interface MigrationStatus {
  /** Every migration of the folder is applied, unchanged, and none failed. */
  readonly isUpToDate: boolean;
  /** In the folder, not in the database. */
  readonly pending: readonly string[];
  /** In the database, not in the folder: the program is older than the database. */
  readonly unknown: readonly string[];
  /** Their file changed after they were applied. */
  readonly edited: readonly string[];
  /** Begun and not ended: their deployer died. */
  readonly interrupted: readonly string[];
}

/** How the database stands to the migrations of the folder. Reads only. @throws DATABASE_UNAVAILABLE, MIGRATION_ENGINE_FAILED */
export async function migrationStatus(databaseUrl: string, options: MigrationOptions = {}): Promise<MigrationStatus> {
  const folder = await readPrismaFolder(options.folder);
  const { history, editedMigrationNames, failedMigrationNames } = await withSchemaEngine(databaseUrl, folder, (engine) =>
    engine.diagnoseMigrationHistory({ migrationsList: toMigrationList(folder), filters: noFilters, optInToShadowDatabase: false }),
  );
  return {
    isUpToDate: history === null && editedMigrationNames.length === 0 && failedMigrationNames.length === 0,
    pending: history !== null && 'unappliedMigrationNames' in history ? history.unappliedMigrationNames : [],
    unknown: history !== null && 'unpersistedMigrationNames' in history ? history.unpersistedMigrationNames : [],
    edited: editedMigrationNames,
    interrupted: failedMigrationNames,
  };
}
