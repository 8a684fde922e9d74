import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { waitFor } from './wait-for.js';

/** A database of one test or test file, with all migrations applied and no rows. */
export interface TestDatabase {
  readonly url: string;
  /**
   * Drops it, also when somebody is still connected. Idempotent.
   * @throws Error naming connections that were left open for 2 s; not with `mayBeInUse`, for programs that a test killed or cut off.
   */
  drop(options?: { mayBeInUse?: boolean }): Promise<void>;
}

const templateName = 'angarium_template';
/** "angatest": other processes may make the same template on the same server; and while one writes to it, nobody can copy it. */
const lockKey = '7020662537379476340';
const ready = new WeakMap<object, Promise<void>>();

/**
 * Makes a database of one's own on a server of startPostgres (or another one whose role may create databases).
 * The migrations run once per server, into a template; a database is then a copy of it, which takes about 0.1 s.
 * @throws the errors of `deployMigrations` from @angarium/database
 */
export async function createTestDatabase(postgres: { readonly url: string }): Promise<TestDatabase> {
  await migrateTemplate(postgres);
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await asAdmin(postgres.url, async (admin) => {
    await admin.query(`SELECT pg_advisory_lock_shared(${lockKey})`);
    await admin.query(`CREATE DATABASE ${name} TEMPLATE ${templateName}`);
  });
  return { url: withDatabase(postgres.url, name), drop: ({ mayBeInUse = false } = {}) => dropDatabase(postgres.url, name, mayBeInUse) };
}

function migrateTemplate(postgres: { readonly url: string }): Promise<void> {
  const running = ready.get(postgres);
  if (running) return running;
  const made = asAdmin(postgres.url, async (admin) => {
    await admin.query(`SELECT pg_advisory_lock(${lockKey})`);
    // loaded here, as most test files need no database and Prisma's engine is large
    const { deployMigrations } = await import('@angarium/database/migrations');
    await deployMigrations(withDatabase(postgres.url, templateName));
  });
  ready.set(postgres, made);
  made.catch(() => ready.delete(postgres)); // the next one may try again
  return made;
}

async function dropDatabase(serverUrl: string, name: string, mayBeInUse: boolean): Promise<void> {
  const left = await asAdmin(serverUrl, async (admin) => {
    const users = () => usersOf(admin, name);
    // the server needs a moment to notice that a client has gone
    const isFree = () => users().then((it) => it.length === 0);
    if (!mayBeInUse) await waitFor(isFree, { what: 'connections to end', timeoutMs: 2_000 }).catch(() => undefined); // what is left is told below
    const remaining = mayBeInUse ? [] : await users();
    await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    return remaining;
  });
  if (left.length === 0) return;
  throw new Error(`${left.length} connections to the test database were left open (${left.join(', ')}): close them before drop().`);
}

async function usersOf(admin: pg.Client, name: string): Promise<string[]> {
  const sql = `SELECT application_name || ' ' || coalesce(state, '') AS user FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'`;
  const { rows } = await admin.query<{ user: string }>(sql, [name]);
  return rows.map((it) => it.user.trim() || 'without application_name');
}

/** The end of the session gives back the locks that `work` took. */
async function asAdmin<T>(serverUrl: string, work: (admin: pg.Client) => Promise<T>): Promise<T> {
  const admin = new pg.Client({ connectionString: serverUrl, application_name: 'angarium-testing', connectionTimeoutMillis: 10_000 });
  admin.on('error', () => undefined); // the query that fails with it tells
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.end();
  }
}

function withDatabase(serverUrl: string, name: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}
