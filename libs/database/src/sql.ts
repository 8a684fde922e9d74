import type { HealthCheck, Logger } from '@angarium/observability';
import type pg from 'pg';
import { DatabaseErrors } from './errors.js';
import { openPool, type PoolOptions } from './open-pool.js';
import { toDatabaseError } from './postgres-errors.js';
import { within } from './within.js';

export interface SqlOptions extends PoolOptions {
  /** The Postgres schema that this service works with; health asks whether it is there. */
  readonly schema?: string;
  readonly logger: Logger;
}

/** Runs statements, on any free connection or all on the one of a transaction. */
export interface SqlRunner {
  /**
   * Runs one statement. A `name` makes it a prepared one: give it to those that run all the time, one name a text.
   * BIGINT comes as string, TIMESTAMPTZ as Date, JSON parsed.
   * @throws DATABASE_UNAVAILABLE, DATABASE_BUSY, or pg's own error (see isUniqueViolation).
   */
  query<Row extends object>(text: string, values?: readonly unknown[], name?: string): Promise<Row[]>;
  /** As `query`, for statements that give no rows. @returns how many rows were touched. */
  execute(text: string, values?: readonly unknown[], name?: string): Promise<number>;
}

/** Postgres for a service whose work is batches, partitions and SKIP LOCKED, which no query builder says. */
export interface Sql extends SqlRunner {
  /** Does all of `work`, or nothing of it. What `work` throws comes out as it is. */
  transaction<T>(work: (tx: SqlRunner) => Promise<T>): Promise<T>;
  /** As a part of GET /health/ready: Postgres answers, takes writes, and has the schema. */
  health(): HealthCheck;
  /** Ends the connections when they are free. Idempotent. */
  end(): Promise<void>;
}

const HEALTH_DEADLINE_MS = 1_000;

/** Opens the connections of one process. Returns at once; Postgres may be away, and is asked with the first statement. */
export function openSql(options: SqlOptions): Sql {
  const pool = openPool(options);
  pool.on('error', (error) => options.logger.warn({ reason: error.message }, 'postgres closed an idle connection'));
  const runner = runnerOn(pool);
  let ending: Promise<void> | undefined;
  return {
    ...sqlOn(pool),
    health: () => ({ name: 'postgres', check: () => check(runner, options.schema) }),
    end: () => (ending ??= pool.end()),
  };
}

/** Statements on a pool that somebody else opened and ends. */
export function sqlOn(pool: pg.Pool): Pick<Sql, 'query' | 'execute' | 'transaction'> {
  return { ...runnerOn(pool), transaction: (work) => transact(pool, work) };
}

function runnerOn(client: Pick<pg.Pool, 'query'>): SqlRunner {
  const run = async <Row extends object>(text: string, values: readonly unknown[] = [], name?: string) => {
    try {
      return await client.query<Row & pg.QueryResultRow>({ text, values: values as unknown[], ...(name === undefined ? {} : { name }) });
    } catch (error) {
      throw toDatabaseError(error);
    }
  };
  return {
    query: async <Row extends object>(text: string, values?: readonly unknown[], name?: string) => (await run<Row>(text, values, name)).rows,
    execute: async (text, values, name) => (await run(text, values, name)).rowCount ?? 0,
  };
}

async function transact<T>(pool: pg.Pool, work: (tx: SqlRunner) => Promise<T>): Promise<T> {
  const client = await pool.connect().catch((error: unknown) => {
    throw toDatabaseError(error);
  });
  const tx = runnerOn(client);
  try {
    await tx.query('BEGIN');
    const result = await work(tx);
    await tx.query('COMMIT');
    client.release();
    return result;
  } catch (error) {
    // a connection whose transaction cannot be ended is thrown away, and Postgres undoes what it had begun
    await client.query('ROLLBACK').then(
      () => client.release(),
      (failure: Error) => client.release(failure),
    );
    throw error;
  }
}

async function check(runner: SqlRunner, schema: string | undefined): Promise<{ readonly latencyMs: number }> {
  const started = performance.now();
  const late = () => DatabaseErrors.DATABASE_UNAVAILABLE(`PostgreSQL did not answer within ${HEALTH_DEADLINE_MS} ms.`);
  const [state] = await within(HEALTH_DEADLINE_MS, runner.query<{ standby: boolean; there: boolean }>('SELECT pg_is_in_recovery() AS standby, $1::text IS NULL OR to_regnamespace($1) IS NOT NULL AS there', [schema ?? null]), late);
  if (state?.standby === true) throw DatabaseErrors.DATABASE_UNAVAILABLE('PostgreSQL is a standby and takes no writes. Point DATABASE_URL at the primary.');
  if (state?.there !== true) throw DatabaseErrors.DATABASE_UNAVAILABLE(`The database has no schema ${schema}. Apply the migrations: npm run migrate -- deploy.`);
  return { latencyMs: Math.round((performance.now() - started) * 10) / 10 };
}
