import pg from 'pg';
import { databaseOf, withDatabase } from '../connection-string.js';
import { toDatabaseError } from '../postgres-errors.js';

const noSuchDatabase = '3D000';
/** Another deployer was quicker: Postgres reports either, depending on who saw whom. */
const alreadyThere = new Set(['42P04', '23505']);

/**
 * Creates the database of the URL when it is missing (then the role needs CREATEDB). Idempotent, safe beside others.
 * @throws DATABASE_UNAVAILABLE, or the error of pg: wrong password, no right.
 */
export async function ensureDatabase(databaseUrl: string): Promise<void> {
  if ((await sqlStateOf(databaseUrl, 'SELECT 1')) !== noSuchDatabase) return;
  const name = databaseOf(databaseUrl).replaceAll('"', '""');
  await sqlStateOf(withDatabase(databaseUrl, 'postgres'), `CREATE DATABASE "${name}"`);
}

/** Runs one statement on a connection of its own; undefined when it worked, else the state where it is one that we expect. */
async function sqlStateOf(databaseUrl: string, sql: string): Promise<string | undefined> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'angarium-migrate', connectionTimeoutMillis: 10_000 });
  let isBroken = false;
  client.on('error', () => (isBroken = true)); // told by the statement that fails with it
  try {
    await client.connect();
    await client.query(sql);
    return undefined;
  } catch (error) {
    const state = error instanceof pg.DatabaseError ? error.code : undefined;
    if (state === noSuchDatabase || (state !== undefined && alreadyThere.has(state))) return state;
    throw toDatabaseError(error);
  } finally {
    if (!isBroken) await client.end();
  }
}
