export { checkMigrations } from './check-migrations.js';
export type { MigrationCheck } from './check-migrations.js';
export { createMigration } from './create-migration.js';
export { deployMigrations } from './deploy-migrations.js';
export type { MigrationOptions } from './deploy-migrations.js';
export { MigrationErrors } from './errors.js';
export { migrationStatus } from './migration-status.js';
export type { MigrationStatus } from './migration-status.js';
export { resolveMigration } from './resolve-migration.js';
