import { Socket } from 'node:net';
import pg from 'pg';
import { withSessionSettings } from './connection-string.js';

export interface PoolOptions {
  /** postgresql://user:password@host:port/database */
  readonly url: string;
  /** Most connections of this process. Default 10. */
  readonly poolSize?: number;
  /** Longest wait for a connection and for one statement, in milliseconds. Default 5 000. */
  readonly timeoutMs?: number;
  /** Shown in pg_stat_activity: the service's name. Default `angarium`. */
  readonly applicationName?: string;
}

export const DEFAULT_TIMEOUT_MS = 5_000;

/** Connections to Postgres that connect when they are needed, never wait for ever, and are replaced when they are lost. */
export function openPool({ url, poolSize = 10, applicationName = 'angarium', timeoutMs = DEFAULT_TIMEOUT_MS }: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    // timestamps are written and read without their zone, so the session's zone has to be UTC
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
