import { join } from 'node:path';
import { freePort, startInbox, startPostgres, startRedis, type Inbox, type RunningServer } from '@angarium/testing';
import { Advice } from './advice.js';
import type { DataFolder } from './data-folder.js';
import { Interrupted, type Lifecycle } from './lifecycle.js';
import type { Printer } from './printer.js';
import type { Settings } from './settings.js';
import { WatchedServer } from './watched-server.js';

/** What is stopped when: services first, then what they stand on. */
export const stages = { postgres: 1, redis: 2, inbox: 3, services: 4 } as const;

/** Database of the embedded server. */
const databaseName = 'angarium';

export interface ServersContext {
  readonly settings: Settings;
  readonly data: DataFolder;
  readonly lifecycle: Lifecycle;
  readonly printer: Printer;
  /** A server died and could not be brought back. */
  readonly onGivenUp: (message: string) => void;
}

/** A server, ours or the user's. `pid` is there for ours. */
export interface Server {
  readonly url: string;
  readonly own: RunningServer | undefined;
}

/** PostgreSQL: the user's by DATABASE_URL, else the embedded one with its data in the data folder. */
export async function postgresServer(context: ServersContext): Promise<Server> {
  const { settings, data } = context;
  if (settings.given.databaseUrl !== undefined) return { url: settings.given.databaseUrl, own: undefined };
  const port = settings.ports.postgres || (await freePort());
  const own = await watched(context, 'PostgreSQL', stages.postgres, () => startPostgres({ port, dir: join(data.path, 'postgres'), fsync: true }));
  const url = new URL(own.url);
  url.pathname = `/${databaseName}`;
  return { url: url.href, own };
}

/** Redis: the user's by REDIS_URL, else a redis-server that syncs every append, with its data in the data folder. */
export async function redisServer(context: ServersContext): Promise<Server> {
  const { settings, data } = context;
  if (settings.given.redisUrl !== undefined) return { url: settings.given.redisUrl, own: undefined };
  const port = settings.ports.redis || (await freePort());
  const own = await watched(context, 'Redis', stages.redis, () => startRedis({ port, dir: join(data.path, 'redis'), appendfsync: 'always' }));
  return { url: own.url, own };
}

/** The inbox, unless SMTP_URL names another mail server. */
export async function mailServer({ settings, lifecycle }: ServersContext): Promise<{ url: string; inbox: Inbox | undefined }> {
  if (settings.given.smtpUrl !== undefined) return { url: settings.given.smtpUrl, inbox: undefined };
  const start = () => startInbox({ smtpPort: settings.ports.inboxSmtp, httpPort: settings.ports.inboxHttp, host: settings.host });
  const inbox = await lifecycle.start(stages.inbox, start, (it) => ({ stop: () => it.stop() })).catch(toAdvice);
  return { url: inbox.smtpUrl, inbox };
}

async function watched({ lifecycle, printer, onGivenUp }: ServersContext, name: string, stage: number, start: () => Promise<RunningServer>): Promise<RunningServer> {
  const watch = async () => {
    const server = await start();
    const watcher = new WatchedServer({
      name,
      server,
      onEnded: (text) => printer.warn(text),
      onBack: (pid) => printer.say(`${name} is back (process ${pid})`),
      onGivenUp,
    });
    return { server, watcher };
  };
  const { server } = await lifecycle.start(stage, watch, ({ watcher }) => ({ stop: () => watcher.stop() })).catch(toAdvice);
  return server;
}

/** The harness says in its message what happened, with the end of the server's output; our stack adds nothing. */
function toAdvice(error: unknown): never {
  throw error instanceof Interrupted ? error : new Advice(error instanceof Error ? error.message : String(error));
}
