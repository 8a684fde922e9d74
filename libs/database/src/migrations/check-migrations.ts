import type { MigrationOptions } from './deploy-migrations.js';
import { ensureDatabase } from './ensure-database.js';
import { pendingSql } from './pending-sql.js';
import { readPrismaFolder } from './prisma-folder.js';

export interface MigrationCheck {
  /** Whether the migrations, replayed on an empty database, give what the schema files say. */
  readonly isInSync: boolean;
  /** What a new migration would hold; empty where isInSync. */
  readonly missingSql: string;
}

/** Compares migrations and schema files on a shadow database (the role needs CREATEDB); no table is changed. */
export async function checkMigrations(databaseUrl: string, options: MigrationOptions = {}): Promise<MigrationCheck> {
  const folder = await readPrismaFolder(options.folder);
  await ensureDatabase(databaseUrl);
  const missingSql = await pendingSql(databaseUrl, folder);
  return { isInSync: missingSql === undefined, missingSql: missingSql ?? '' };
}
