import { defineErrors } from '@angarium/errors';

export const MigrationErrors = defineErrors({
  MIGRATION_FAILED: {
    status: 500,
    blame: 'us',
    retry: 'never',
    summary: 'A migration was refused by PostgreSQL.',
    cure: 'Correct its migration.sql and deploy again.',
  },
  MIGRATION_INTERRUPTED: {
    status: 500,
    blame: 'us',
    retry: 'never',
    summary: 'An earlier deploy died inside a migration, so whether its changes are in the database is not known.',
    cure: 'Look whether they are there, then run: migrate resolve <name> applied, or: migrate resolve <name> rolled-back.',
  },
  MIGRATION_LOCKED: {
    status: 503,
    blame: 'us',
    retry: 'later',
    summary: 'Another deploy holds the migration lock.',
    cure: 'Wait for it, or end its database session.',
  },
  MIGRATION_NOT_FOUND: {
    status: 500,
    blame: 'us',
    retry: 'never',
    summary: 'There is no such migration.',
    cure: 'Give the name of a folder in prisma/migrations.',
  },
  MIGRATION_NAME_INVALID: {
    status: 500,
    blame: 'us',
    retry: 'never',
    summary: 'The name of a new migration does not fit.',
    cure: 'Use 1 to 60 lower-case letters, digits and underscores, such as add_user_locale.',
  },
  PRISMA_FOLDER_NOT_FOUND: {
    status: 500,
    blame: 'us',
    retry: 'never',
    summary: 'No folder prisma/ with schema/datasource.prisma was found.',
    cure: 'Run inside the repository, put prisma/ beside the bundle, or pass the folder.',
  },
  MIGRATION_ENGINE_FAILED: {
    status: 500,
    blame: 'us',
    retry: 'never',
    summary: 'The migration engine failed.',
    cure: 'See the reason; check the database URL and its rights.',
  },
});
