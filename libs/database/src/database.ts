import type { Logger } from '@angarium/observability';
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient, type Prisma } from './generated/prisma/client.js';
import { DEFAULT_TIMEOUT_MS, openPool, type PoolOptions } from './open-pool.js';
import type { ModelOf, Owner } from './owners.js';
import { toDatabaseError, translateDatabaseErrors } from './postgres-errors.js';
import { sqlOn, type Sql } from './sql.js';

export interface DatabaseOptions extends PoolOptions {
  readonly logger: Logger;
}

export interface TransactionOptions {
  /** Longest wait for a connection, in milliseconds. */
  readonly maxWait?: number;
  /** Longest duration, in milliseconds; then it is undone. */
  readonly timeout?: number;
  readonly isolationLevel?: Prisma.TransactionIsolationLevel;
}

/** One owner's models inside a transaction. */
export type Transaction<O extends Owner> = Pick<PrismaClient, ModelOf<O> | '$queryRaw' | '$executeRaw'> & {
  /** Whose tables these are. */
  readonly $owner: O;
};

type Transact<O extends Owner> = <T>(work: (tx: Transaction<O>) => Promise<T>, options?: TransactionOptions) => Promise<T>;

/**
 * The database as one service sees it: the models of its owner, nobody else's.
 * When PostgreSQL itself is the reason of a failure, every call throws DATABASE_UNAVAILABLE or DATABASE_BUSY;
 * other failures are Prisma's (see isUniqueViolation).
 */
export type Database<O extends Owner> = Transaction<O> & {
  /** Does all of `work`, or nothing of it. What `work` throws comes out as it is. */
  readonly $transaction: Transact<O>;
  /**
   * The same connections without Prisma, for statements that run thousands of times a second: a third of the CPU time.
   * It sees all schemas; its users keep to their own.
   */
  readonly $sql: Pick<Sql, 'query' | 'execute' | 'transaction'>;
  /** Ends the connections when they are free. Idempotent. */
  $disconnect(): Promise<void>;
};

/**
 * Opens the database of one owner. Returns at once and connects with the first statement, so a service starts while Postgres is away;
 * a lost connection is replaced by the next statement.
 */
export function createDatabase<O extends Owner>(owner: O, options: DatabaseOptions): Database<O> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, logger } = options;
  const pool = openPool(options);
  // Prisma hears the pool, and ends it, only after it was used itself
  pool.on('error', (error) => logger.warn({ owner, reason: error.message }, 'postgres closed an idle connection'));
  const adapter = new PrismaPg(pool, {
    onConnectionError: (error) => logger.warn({ owner, reason: error.message }, 'postgres closed a connection inside a transaction'),
  });
  const client = new PrismaClient({ adapter, errorFormat: 'minimal', transactionOptions: { maxWait: timeoutMs, timeout: timeoutMs } });
  const translating = client.$extends({
    client: { $owner: owner as unknown as () => O },
    query: { $allOperations: ({ args, query }) => translateDatabaseErrors(() => query(args) as Promise<unknown>) },
  });
  const transact = translating.$transaction.bind(translating) as unknown as Transact<O>;
  // begin and commit are no operations, so the extension above does not see them
  let ending: Promise<void> | undefined;
  const own = {
    $transaction: translatingTransaction(transact),
    $sql: sqlOn(pool) as never,
    $disconnect: () => (ending ??= client.$disconnect().then(() => pool.end())),
  };
  return translating.$extends({ client: own }) as unknown as Database<O>;
}

function translatingTransaction<O extends Owner>(transact: Transact<O>): Transact<O> {
  return async (work, options) => {
    let thrown: { readonly error: unknown } | undefined;
    const watched: typeof work = async (tx) => {
      try {
        return await work(tx);
      } catch (error) {
        thrown = { error };
        throw error;
      }
    };
    try {
      return await transact(watched, options);
    } catch (error) {
      throw thrown?.error === error ? error : toDatabaseError(error);
    }
  };
}
