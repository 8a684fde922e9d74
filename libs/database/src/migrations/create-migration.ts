import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MigrationOptions } from './deploy-migrations.js';
import { ensureDatabase } from './ensure-database.js';
import { MigrationErrors } from './errors.js';
import { pendingSql } from './pending-sql.js';
import { readPrismaFolder } from './prisma-folder.js';
import { lockFile } from './schema-engine.js';

/**
 * Writes the migration that leads from the existing ones to the schema files. Read it before you commit it: it may drop columns.
 * Works on a shadow database (the role needs CREATEDB); what is in the database itself is not looked at.
 * @param name lower-case letters, digits and _, at most 60: `add_user_locale`.
 * @returns the migration's full name, or undefined where schema and migrations agree.
 * @throws MIGRATION_NAME_INVALID, MIGRATION_ENGINE_FAILED, DATABASE_UNAVAILABLE
 */
export async function createMigration(databaseUrl: string, name: string, options: MigrationOptions = {}): Promise<string | undefined> {
  if (!/^[a-z0-9_]{1,60}$/.test(name)) {
    throw MigrationErrors.MIGRATION_NAME_INVALID(
      `The migration name ${JSON.stringify(name)} does not fit: use 1 to 60 lower-case letters, digits and underscores, such as add_user_locale.`,
    );
  }
  const folder = await readPrismaFolder(options.folder);
  await ensureDatabase(databaseUrl);
  const sql = await pendingSql(databaseUrl, folder);
  if (sql === undefined) return undefined;
  const fullName = `${new Date().toISOString().replace(/\D/g, '').slice(0, 14)}_${name}`;
  await mkdir(join(folder.migrationsPath, fullName), { recursive: true });
  await writeFile(join(folder.migrationsPath, fullName, 'migration.sql'), sql);
  await writeFile(join(folder.migrationsPath, lockFile.path), lockFile.content);
  return fullName;
}
