import type { SchemaEngine } from '@prisma/schema-engine-wasm/schema_engine_bg';
import pg from 'pg';
import { withDeployLock } from './deploy-lock.js';
import { ensureDatabase } from './ensure-database.js';
import { MigrationErrors } from './errors.js';
import { readPrismaFolder, type PrismaFolder } from './prisma-folder.js';
import { noFilters, toMigrationList, withSchemaEngine } from './schema-engine.js';
import { describeSqlError } from './to-migration-error.js';

export interface MigrationOptions {
  /** The folder that holds schema/ and migrations/; by default the nearest `prisma` beside or above this module. */
  readonly folder?: string;
}

/** Prisma's code for "an earlier migration is marked as failed". */
const earlierFailure = 'P3009';

/**
 * Applies the migrations that the database lacks, in order; creates the database when it is missing. Blocks while another deployer works.
 * Idempotent, and any number may run at once: one works, the others find nothing to do.
 * A migration takes effect whole or not at all, and one that was refused can be corrected and deployed again.
 * @returns the names of the migrations that this call applied.
 * @throws MIGRATION_FAILED naming the migration, the SQL error and its line; MIGRATION_INTERRUPTED; MIGRATION_LOCKED;
 *   PRISMA_FOLDER_NOT_FOUND; DATABASE_UNAVAILABLE.
 */
export async function deployMigrations(databaseUrl: string, options: MigrationOptions = {}): Promise<string[]> {
  const folder = await readPrismaFolder(options.folder);
  await ensureDatabase(databaseUrl);
  return withDeployLock(databaseUrl, () => withSchemaEngine(databaseUrl, folder, (engine, failure) => apply(engine, folder, failure)));
}

async function apply(engine: SchemaEngine, folder: PrismaFolder, lastFailure: () => unknown): Promise<string[]> {
  const migrationsList = toMigrationList(folder);
  try {
    return (await engine.applyMigrations({ migrationsList, filters: noFilters })).appliedMigrationNames;
  } catch (error) {
    const refusal = lastFailure();
    const isEarlier = (error as { code?: unknown }).code === earlierFailure;
    if (!isEarlier && !(refusal instanceof pg.DatabaseError)) throw error;
    const [name] = (await engine.diagnoseMigrationHistory({ migrationsList, filters: noFilters, optInToShadowDatabase: false })).failedMigrationNames;
    if (name === undefined) throw error;
    if (isEarlier) throw interrupted(name, error);
    // Postgres undid the script as a whole; without this mark every later deploy would be refused
    await engine.markMigrationRolledBack({ migrationName: name });
    throw refused(name, folder, refusal as pg.DatabaseError);
  }
}

function interrupted(name: string, cause: unknown) {
  return MigrationErrors.MIGRATION_INTERRUPTED(
    `An earlier deploy died inside migration ${name}, so whether its changes are in the database is not known. ` +
      `Look whether they are there, then run: migrate resolve ${name} applied, or: migrate resolve ${name} rolled-back.`,
    { cause, details: { migration: name } },
  );
}

function refused(name: string, folder: PrismaFolder, cause: pg.DatabaseError) {
  const script = folder.migrations.find((it) => it.name === name)?.sql;
  return MigrationErrors.MIGRATION_FAILED(
    `Migration ${name} was refused by PostgreSQL: ${describeSqlError(cause, script)}. Nothing of it was kept; correct its migration.sql and deploy again.`,
    { cause, details: { migration: name, sqlState: cause.code } },
  );
}
