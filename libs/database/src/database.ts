import { Socket } from 'node:net';
import type { Logger } from '@angarium/observability';
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { withSessionSettings } from './connection-string.js';
import { PrismaClient, type Prisma } from './generated/prisma/client.js';
import type { ModelOf, Owner } from './owners.js';
import { toDatabaseError, translateDatabaseErrors } from './postgres-errors.js';

export interface DatabaseOptions {
  /** postgresql://user:password@host:port/database */
  readonly url: string;
  /** Most connections of this process. Default 10. */
  readonly poolSize?: number;
  /** Longest wait for a connection, for one statement, and for one transaction, in milliseconds. Default 5 000. */
  readonly timeoutMs?: number;
  /** Shown in pg_stat_activity: the service's name. Default `angarium`. */
  readonly applicationName?: string;
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
  /** Ends the connections when they are free. Idempotent. */
  $disconnect(): Promise<void>;
};

/**
 * Opens the database of one owner. Returns at once and connects with the first statement, so a service starts while Postgres is away;
 * a lost connection is replaced by the next statement.
 */
export function createDatabase<O extends Owner>(owner: O, options: DatabaseOptions): Database<O> {
  const { timeoutMs = 5_000, logger } = options;
  const adapter = new PrismaPg(openPool(options, timeoutMs), {
    disposeExternalPool: true,
    onPoolError: (error) => logger.warn({ owner, reason: error.message }, 'postgres closed an idle connection'),
    onConnectionError: (error) => logger.warn({ owner, reason: error.message }, 'postgres closed a connection inside a transaction'),
  });
  const client = new PrismaClient({ adapter, errorFormat: 'minimal', transactionOptions: { maxWait: timeoutMs, timeout: timeoutMs } });
  const translating = client.$extends({
    client: { $owner: owner as unknown as () => O },
    query: { $allOperations: ({ args, query }) => translateDatabaseErrors(() => query(args) as Promise<unknown>) },
  });
  const transact = translating.$transaction.bind(translating) as unknown as Transact<O>;
  // begin and commit are no operations, so the extension above does not see them
  return translating.$extends({ client: { $transaction: translatingTransaction(transact) } }) as unknown as Database<O>;
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

function openPool({ url, poolSize = 10, applicationName = 'angarium' }: DatabaseOptions, timeoutMs: number): pg.Pool {
  const pool = new pg.Pool({
    // the adapter writes and reads timestamps without their zone, so the session's zone has to be UTC
    connectionString: withSessionSettings(url, { TimeZone: 'UTC' }),
    max: poolSize,
    application_name: applicationName,
    connectionTimeoutMillis: timeoutMs,
    statement_timeout: timeoutMs,
    // a frozen replica must not keep its locks
    idle_in_transaction_session_timeout: 2 * timeoutMs,
    // shorter than the silence below, so that an idle connection is closed and not broken off
    idleTimeoutMillis: timeoutMs,
    stream: () => socketThatGivesUp(2 * timeoutMs + 1_000),
  });
  // A session's answer and its end may arrive together; handed on in between, the connection has no listener for a moment,
  // and an 'error' event without one ends the process. The failure is told by the next statement on it.
  return pool.on('connect', (connection) => void connection.on('error', () => undefined));
}

/**
 * Postgres answers or cancels within the statement timeout. A longer silence means that it, or the way to it, is gone without a word
 * (a cut cable sends no FIN), and pg alone would wait for as long as the kernel does: many minutes.
 */
function socketThatGivesUp(silenceMs: number): Socket {
  const socket = new Socket();
  const silence = Object.assign(new Error('postgres fell silent'), { code: 'ETIMEDOUT', syscall: 'read', errno: -110 });
  return socket.setTimeout(silenceMs, () => socket.destroy(silence));
}
