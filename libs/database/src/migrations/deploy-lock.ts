import pg from 'pg';
import { toDatabaseError } from '../postgres-errors.js';
import { MigrationErrors } from './errors.js';

/** "anga", and 1 for deploying: the two halves of the advisory lock's key. */
const lockKey = [0x616e_6761, 1];
const lockNotAvailable = '55P03';

/**
 * Runs `work` while no other deployer of this database does. The lock belongs to a database session of its own:
 * when this process dies, Postgres ends the session and the next deployer goes on.
 * Needs a session of its own: a pooler in transaction mode between us and Postgres breaks the promise.
 * @throws MIGRATION_LOCKED after `waitMs`; DATABASE_UNAVAILABLE, also when the session was lost during `work`.
 */
export async function withDeployLock<T>(databaseUrl: string, work: () => Promise<T>, waitMs = 120_000): Promise<T> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'angarium-migrate-lock',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  });
  let lost: Error | undefined;
  client.on('error', (error) => (lost = error)); // without a listener it would end the process
  try {
    await client.connect();
    await client.query(`SET lock_timeout = ${waitMs}`);
    await client.query('SELECT pg_advisory_lock($1, $2)', lockKey);
  } catch (error) {
    await client.end();
    if ((error as { code?: unknown }).code === lockNotAvailable) {
      throw MigrationErrors.MIGRATION_LOCKED(
        `Another deploy has held the migration lock for ${waitMs} ms. Wait for it, or end its session (application_name angarium-migrate-lock in pg_stat_activity).`,
        { cause: error },
      );
    }
    throw toDatabaseError(error);
  }
  try {
    const result = await work();
    if (lost !== undefined) throw toDatabaseError(lost);
    return result;
  } finally {
    await client.end();
  }
}
