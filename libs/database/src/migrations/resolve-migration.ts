import { withDeployLock } from './deploy-lock.js';
import type { MigrationOptions } from './deploy-migrations.js';
import { MigrationErrors } from './errors.js';
import { readPrismaFolder } from './prisma-folder.js';
import { toMigrationList, withSchemaEngine } from './schema-engine.js';

/**
 * Says of an interrupted migration whether its changes are in the database; changes only Prisma's notes of it.
 * `applied`: the next deploy goes on behind it. `rolled-back`: the next deploy runs it again.
 * @throws MIGRATION_NOT_FOUND, MIGRATION_ENGINE_FAILED where the migration was not interrupted.
 */
export async function resolveMigration(databaseUrl: string, name: string, as: 'applied' | 'rolled-back', options: MigrationOptions = {}): Promise<void> {
  const folder = await readPrismaFolder(options.folder);
  if (!folder.migrations.some((it) => it.name === name)) {
    throw MigrationErrors.MIGRATION_NOT_FOUND(`There is no migration ${name} in ${folder.migrationsPath}. Give the full name of its folder.`);
  }
  await withDeployLock(databaseUrl, () =>
    withSchemaEngine(databaseUrl, folder, (engine) =>
      as === 'applied'
        ? engine.markMigrationApplied({ migrationName: name, migrationsList: toMigrationList(folder) })
        : engine.markMigrationRolledBack({ migrationName: name }),
    ),
  );
}
