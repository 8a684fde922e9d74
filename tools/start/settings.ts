import { isAbsolute, join } from 'node:path';
import { Advice } from './advice.js';
import type { Arguments } from './parse-arguments.js';
import { readPort, type Env } from './read-port.js';
import type { Service } from './services.js';

/** One process of a service. */
export interface Replica {
  readonly service: string;
  /** `gateway`, or `email-worker.2` where there are several. */
  readonly name: string;
  /** A few words for the table of addresses. */
  readonly purpose: string;
  readonly portVariable: string;
  /** 0: a free one is taken. */
  readonly port: number;
}

/** A port that has to be free before anything starts. */
export interface WantedPort {
  readonly port: number;
  readonly of: string;
  /** Which variable changes it. */
  readonly variable: string;
}

/** What `npm start` will do, settled before anything is started. */
export interface Settings {
  readonly root: string;
  readonly dataDir: string;
  readonly host: string;
  readonly replicas: readonly Replica[];
  /** Servers of the user's own; undefined ones are started here. */
  readonly given: { readonly databaseUrl: string | undefined; readonly redisUrl: string | undefined; readonly smtpUrl: string | undefined };
  readonly ports: { readonly postgres: number; readonly redis: number; readonly inboxSmtp: number; readonly inboxHttp: number };
  /** Every port that must be free; those of the user's own servers are not among them. */
  readonly wanted: readonly WantedPort[];
}

/**
 * Combines command line and environment.
 * @throws Advice naming the variable that does not fit, or two that ask for the same port; or when nothing is left to run.
 */
export function readSettings(args: Arguments, services: readonly Service[], env: Env, root: string): Settings {
  const text = (name: string) => (env[name] === '' ? undefined : env[name]);
  const chosen = services.filter((it) => args.only?.includes(it.name) ?? true);
  const replicas = chosen.flatMap((it) => replicasOf(it, args.scale.get(it.name) ?? 1, env));
  if (replicas.length === 0) throw new Advice('Nothing is left to run; see npm start -- --help.', 2);
  const given = { databaseUrl: text('DATABASE_URL'), redisUrl: text('REDIS_URL'), smtpUrl: text('SMTP_URL') };
  const own: WantedPort[] = [];
  const wanted = (of: string, variable: string, fallback: number, isNeeded: boolean) => {
    const port = readPort(env, variable, fallback);
    if (isNeeded) own.push({ port, of, variable });
    return port;
  };
  const ports = {
    postgres: wanted('PostgreSQL', 'POSTGRES_PORT', 5433, given.databaseUrl === undefined),
    redis: wanted('Redis', 'REDIS_PORT', 6380, given.redisUrl === undefined),
    inboxSmtp: wanted('the inbox (SMTP)', 'INBOX_SMTP_PORT', 1025, given.smtpUrl === undefined),
    inboxHttp: wanted('the inbox (page)', 'INBOX_HTTP_PORT', 1080, given.smtpUrl === undefined),
  };
  const all = [...replicas.map((it) => ({ port: it.port, of: it.name, variable: it.portVariable })), ...own].filter((it) => it.port !== 0);
  refuseTwice(all);
  const data = args.data ?? text('ANGARIUM_DATA') ?? '.data';
  return { root, dataDir: isAbsolute(data) ? data : join(root, data), host: text('HOST') ?? '127.0.0.1', replicas, given, ports, wanted: all };
}

/** The first replica has the service's known port; the others take free ones, since nobody calls workers by address. */
function replicasOf({ name, portVariable, defaultPort, purpose }: Service, count: number, env: Env): Replica[] {
  const port = readPort(env, portVariable, defaultPort);
  return Array.from({ length: count }, (_, i) => ({
    service: name,
    name: count === 1 ? name : `${name}.${i + 1}`,
    purpose,
    portVariable,
    port: i === 0 ? port : 0,
  }));
}

function refuseTwice(wanted: readonly WantedPort[]): void {
  const seen = new Map<number, WantedPort>();
  for (const it of wanted) {
    const other = seen.get(it.port);
    if (other) throw new Advice(`${other.of} and ${it.of} both want port ${it.port}. Change ${other.variable} or ${it.variable}.`);
    seen.set(it.port, it);
  }
}
