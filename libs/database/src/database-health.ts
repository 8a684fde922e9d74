import type { HealthCheck } from '@angarium/observability';
import type { Transaction } from './database.js';
import { DatabaseErrors } from './errors.js';
import type { Owner } from './owners.js';
import { within } from './within.js';

/** Any owner's database. */
type ReadableDatabase = Pick<Transaction<Owner>, '$queryRaw' | '$owner'>;

/**
 * One cheap read: Postgres answers, takes writes, and has this owner's tables.
 * @param deadlineMs longest wait. Default 1 000 ms.
 * @returns the round trip in milliseconds.
 * @throws DATABASE_UNAVAILABLE saying which of the three is missing.
 */
export async function checkDatabase(db: ReadableDatabase, deadlineMs = 1_000): Promise<{ readonly latencyMs: number }> {
  const started = performance.now();
  const [state] = await within(
    deadlineMs,
    db.$queryRaw<{ isStandby: boolean; hasSchema: boolean }[]>`
      SELECT pg_is_in_recovery() AS "isStandby", to_regnamespace(${db.$owner}) IS NOT NULL AS "hasSchema"`,
    () => DatabaseErrors.DATABASE_UNAVAILABLE(`PostgreSQL did not answer within ${deadlineMs} ms.`),
  );
  if (state?.isStandby === true) throw DatabaseErrors.DATABASE_UNAVAILABLE('PostgreSQL is a standby and takes no writes. Point DATABASE_URL at the primary.');
  if (state?.hasSchema !== true) {
    throw DatabaseErrors.DATABASE_UNAVAILABLE(`The database has no schema ${db.$owner}. Apply the migrations: npm run migrate -- deploy.`);
  }
  return { latencyMs: Math.round((performance.now() - started) * 10) / 10 };
}

/** `checkDatabase` as a part of GET /health/ready. */
export function databaseHealth(db: ReadableDatabase, deadlineMs?: number): HealthCheck {
  return { name: 'postgres', check: () => checkDatabase(db, deadlineMs) };
}
