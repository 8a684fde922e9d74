import { mkdtemp, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { startChild, type Child } from './child-process.js';
import { freePort } from './free-port.js';
import { noted } from './started.js';
import { waitFor } from './wait-for.js';

export interface RedisOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** Data folder; kept by stop(). Default: a temporary one that stop() removes. */
  readonly dir?: string;
  /** When an append counts as written. Default `always`: what was acknowledged survives a kill and a power cut. */
  readonly appendfsync?: 'always' | 'everysec' | 'no';
  /** Default `redis-server` from PATH. */
  readonly binary?: string;
  /** Further settings, as on the command line: `['--maxmemory', '64mb']`. */
  readonly settings?: readonly string[];
  /** Longest wait for the first answer. Default 15 000 ms. */
  readonly timeoutMs?: number;
}

/** A Redis or Postgres server of our own. */
export interface RunningServer {
  readonly url: string;
  readonly port: number;
  /** Changes with each restart. */
  readonly pid: number;
  /** The server's own output, the last 64 kB. */
  output(): string;
  /** Sends a signal (default SIGKILL) and, unless it is SIGSTOP or SIGCONT, resolves when the process is gone. Data stay. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts the server again on the same port with the same data, after an orderly stop if it still runs; resolves when it answers. */
  restart(): Promise<void>;
  /** Orderly stop; a temporary data folder is removed. Idempotent. */
  stop(): Promise<void>;
}

/** Signals after which a process goes on living. */
export const survivedSignals: readonly NodeJS.Signals[] = ['SIGSTOP', 'SIGCONT'];

/**
 * Starts a real redis-server on 127.0.0.1 that evicts nothing and appends to a file; resolves when it answers PING and has loaded its data.
 * @throws Error with the end of the server's output when it does not start.
 */
export async function startRedis(options: RedisOptions = {}): Promise<RunningServer> {
  const isTemporary = options.dir === undefined;
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'angarium-redis-')));
  await mkdir(dir, { recursive: true });
  let port = options.port ?? (await freePort());
  let child = launch(options, dir, port);
  for (let tries = 1; !(await isReady(child, port, options.timeoutMs)); tries++) {
    const wasTaken = /Address already in use/i.test(child.output());
    if (options.port !== undefined || !wasTaken || tries === 5) {
      if (isTemporary) await rm(dir, { recursive: true, force: true });
      throw notStarted(child, port, dir);
    }
    port = await freePort(); // another process took the port between our look and our start
    child = launch(options, dir, port);
  }

  return noted('server', `redis:${port}`, {
    url: `redis://127.0.0.1:${port}`,
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
      await child.end('SIGTERM', 10_000);
      child = launch(options, dir, port);
      if (!(await isReady(child, port, options.timeoutMs))) throw notStarted(child, port, dir);
    },
    async stop() {
      child.signal('SIGCONT'); // a stopped process hears nothing but SIGKILL
      await child.end('SIGTERM', 10_000);
      if (isTemporary) await rm(dir, { recursive: true, force: true });
    },
  });
}

function launch(options: RedisOptions, dir: string, port: number): Child {
  const settings = {
    port,
    bind: '127.0.0.1',
    dir,
    appendonly: 'yes',
    appendfsync: options.appendfsync ?? 'always',
    'maxmemory-policy': 'noeviction',
    save: '',
    daemonize: 'no',
    logfile: '',
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return startChild({
    name: `redis:${port}`,
    command: options.binary ?? 'redis-server',
    args: [...args, ...(options.settings ?? [])],
    cwd: dir,
    orphanSignal: 'SIGTERM',
    isOwned: true,
  });
}

/** False when the process ended before it answered. */
async function isReady(child: Child, port: number, timeoutMs = 15_000): Promise<boolean> {
  const redis = new Redis({ port, host: '127.0.0.1', lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0, enableReadyCheck: false, disconnectTimeout: 50 });
  redis.on('error', () => undefined); // told by the failing PING below
  const ended = child.exited.then(() => 'ended' as const);
  const answers = async () => {
    if (redis.status === 'wait' || redis.status === 'end') await redis.connect();
    // another server on our port would answer too: the process id tells ours
    const info = await redis.info('server');
    return (await redis.ping()) === 'PONG' && info.includes(`process_id:${child.pid}\r`) && 'ready';
  };
  try {
    // a stranger on our port may take the connection and never say a word: the end of our own process decides
    const looks = () => Promise.race([ended, answers()]);
    return (await waitFor(looks, { what: `redis-server on port ${port} to answer`, timeoutMs, everyMs: 10 })) === 'ready';
  } catch (error) {
    await child.end('SIGKILL', 0);
    throw new Error(`redis-server on port ${port} did not answer in ${timeoutMs} ms. Its output:\n${tail(child)}`, { cause: error });
  } finally {
    redis.disconnect();
  }
}

function notStarted(child: Child, port: number, dir: string): Error {
  const missing = /ENOENT/.test(child.output()) ? 'redis-server was not found; install it (Debian: apt-get install redis-server) or name its path.\n' : '';
  return new Error(`redis-server did not start on port ${port} with data in ${dir}.\n${missing}Its output:\n${tail(child)}`);
}

function tail(child: Child): string {
  return child.output().split('\n').slice(-20).join('\n');
}
