import { Socket } from 'node:net';
import type { Logger } from '@angarium/observability';
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient, type Prisma } from './generated/prisma/client.js';
import { withSessionSettings } from './connection-string.js';
import type { ModelOf, Owner } from './owners.js';
import { translateDatabaseErrors } from './postgres-errors.js';

export interface DatabaseOptions {
  /** postgresql://user:password@host:port/database */
  readonly url: string;
  /** Most connections of this process. Default 10. */
  readonly poolSize?: number;
  /** Longest wait for a connection, for one statement, and for one transaction. Default 5 000 ms. */
  readonly timeoutMs?: number;
  /** Shown in pg_stat_activity. Default `angarium`. */
  readonly applicationName?: string;
  readonly logger: Logger;
}

type Raw = Pick<PrismaClient, '$queryRaw' | '$executeRaw'>;
interface Owned<O extends Owner> {
  readonly $owner: O;
}

/** The models of one owner inside a transaction. */
export type Transaction<O extends Owner> = Pick<PrismaClient, ModelOf<O>> & Raw & Owned<O>;

/** The models of one owner. Every failure of PostgreSQL itself comes out as DATABASE_UNAVAILABLE or DATABASE_TIMEOUT. */
export type Database<O extends Owner> = Transaction<O> & {
  /** All of `work`, or nothing of it. Longer than `timeoutMs` is undone. */
  $transaction<T>(work: (tx: Transaction<O>) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** Ends the connections; idempotent. */
  $disconnect(): Promise<void>;
};

export interface TransactionOptions {
  /** Longest wait for a connection, ms. */
  readonly maxWait?: number;
  /** Longest duration, ms. */
  readonly timeout?: number;
  readonly isolationLevel?: Prisma.TransactionIsolationLevel;
}

/**
 * The database as one service sees it. Returns at once and connects with the first statement,
 * so a service starts while Postgres is away; lost connections are replaced by themselves.
 */
export function createDatabase<O extends Owner>(owner: O, options: DatabaseOptions): Database<O> {
  const { timeoutMs = 5_000, logger } = options;
  const adapter = new PrismaPg(poolSettings(options, timeoutMs), {
    onPoolError: (error) => logger.warn({ owner, err: error }, 'postgres closed an idle connection'),
    onConnectionError: (error) => logger.warn({ owner, err: error }, 'postgres closed a connection inside a transaction'),
  });
  const client = new PrismaClient({ adapter, errorFormat: 'minimal', transactionOptions: { maxWait: timeoutMs, timeout: timeoutMs } });
  const translated = client.$extends({
    client: { $owner: owner as unknown as () => O },
    query: { $allOperations: ({ args, query }) => translateDatabaseErrors(() => query(args) as Promise<unknown>) },
  });
  const run = translated.$transaction.bind(translated) as (work: unknown, options?: TransactionOptions) => Promise<unknown>;
  return translated.$extends({
    // begin and commit are no operations to the extension above
    client: { $transaction: (work: unknown, settings?: TransactionOptions) => translateDatabaseErrors(() => run(work, settings)) },
  }) as unknown as Database<O>;
}

function poolSettings({ url, poolSize = 10, applicationName = 'angarium' }: DatabaseOptions, timeoutMs: number) {
  return {
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
  };
}

/**
 * Postgres answers or cancels within the statement timeout; a longer silence means that it, or the way to it, is gone
 * without a word (a cut cable sends no FIN), and pg itself would wait for as long as the kernel does.
 */
function socketThatGivesUp(silenceMs: number): Socket {
  const socket = new Socket();
  const error = Object.assign(new Error('postgres fell silent'), { code: 'ETIMEDOUT', syscall: 'read', errno: -110 });
  return socket.setTimeout(silenceMs, () => socket.destroy(error));
}
