import { randomBytes } from 'node:crypto';
import { join, relative } from 'node:path';
import { deployMigrations } from '@angarium/database/migrations';
import { createSealKey } from '@angarium/secrets';
import { bundleOf, bundleServices } from './bundle-services.js';
import { nodeFlags } from './node-flags.js';
import { provisionDevelopment, type DevelopmentCredentials } from './provision-development.js';
import { runServices, type RunningService } from './run-services.js';
import { mailServer, postgresServer, redisServer, type Server, type ServersContext } from './servers.js';
import { summary, type Address } from './summary.js';

/** Services give up by themselves 5 s after their SHUTDOWN_GRACE_MS; only one that hangs is killed. */
const closingMs = 7_000;
const defaultGraceMs = 10_000;
const readyTimeoutMs = 60_000;

/**
 * Starts the whole system: servers and bundles side by side, then migrations, then all services at once.
 * Resolves when all are healthy, with the text that says so. What was started is in the context's lifecycle, also on failure.
 */
export async function startSystem(context: ServersContext, env: NodeJS.ProcessEnv): Promise<string> {
  const { settings, printer, data } = context;
  const names = [...new Set(settings.replicas.map((it) => it.service))];
  const [{ postgres, credentials }, redis, mail] = await Promise.all([
    printer.step('starting PostgreSQL', postgresServer(context)).then((it) => readyDatabase(context, it, names, env)),
    printer.step('starting Redis', redisServer(context)),
    mailServer(context),
    printer.step('bundling the services', bundleServices(settings.root, names)),
  ]);
  const gatewayToken = env['GATEWAY_TOKEN'] || data.gatewayToken;
  const sealKeys = env['SEAL_KEYS'] || (await data.secrets.once('sealKeys', createSealKey));
  const verificationSecret = env['VERIFICATION_SECRET'] || (await data.secrets.once('verificationSecret', () => randomBytes(32).toString('base64url')));
  const shared = { DATABASE_URL: postgres.url, REDIS_URL: redis.url, SMTP_URL: mail.url, GATEWAY_TOKEN: gatewayToken, SEAL_KEYS: sealKeys, VERIFICATION_SECRET: verificationSecret, HOST: settings.host, ...fileAccess(settings, credentials, env) };
  const starting = runServices({
    ...context,
    env: serviceEnv(env, shared, settings.root),
    commandOf: (service) => [process.execPath, ...nodeFlags(service), bundleOf(settings.root, service)],
    graceMs: (Number(env['SHUTDOWN_GRACE_MS']) || defaultGraceMs) + closingMs,
    readyTimeoutMs,
  });
  const services = await printer.step(`starting ${countOf(settings.replicas.length, 'service process', 'es')}`, starting);
  const worker = services.find((it) => it.replica.service === 'email-worker') ?? services.at(-1);
  const inbox: Address[] = mail.inbox === undefined ? [] : [{ name: 'inbox', url: mail.inbox.httpUrl, note: `every mail that is sent to ${mail.inbox.smtpUrl}` }];
  const sandboxUrl = sandboxOf(services, env);
  const sandbox: Address[] = sandboxUrl === undefined ? [] : [{ name: 'SMS sandbox', url: sandboxUrl, note: 'every SMS that is sent by the sandbox' }];
  return summary(
    {
      services: [...services.map(addressOf), ...inbox, ...sandbox],
      servers: [serverAddress('PostgreSQL', postgres), serverAddress('Redis', redis), ...(mail.inbox === undefined ? [{ name: 'SMTP', url: mail.url, note: 'yours' }] : [])],
      tookMs: performance.now(),
      gatewayUrl: services.find((it) => it.replica.service === 'gateway')?.url,
      gatewayToken,
      brokerUrl: services.find((it) => it.replica.service === 'mq-broker')?.url,
      credentials,
      inboxUrl: mail.inbox?.httpUrl,
      sandboxUrl,
      victim: worker?.process.pid === undefined ? undefined : { name: worker.replica.name, pid: worker.process.pid },
      dataDir: shownPath(settings.root, data.path),
    },
    printer.paint,
  );
}

function sandboxOf(services: readonly RunningService[], env: NodeJS.ProcessEnv): string | undefined {
  const url = services.find((it) => it.replica.service === 'sms-worker')?.url;
  return url === undefined || env['NODE_ENV'] === 'production' ? undefined : `${url}/sandbox`;
}

interface ReadyDatabase {
  readonly postgres: Server;
  /** Of the development tenant, where there is one. */
  readonly credentials: DevelopmentCredentials | undefined;
}

/** A database that the services find as they need it: migrated, and with credentials to try the broker with. */
async function readyDatabase(context: ServersContext, postgres: Server, services: readonly string[], env: NodeJS.ProcessEnv): Promise<ReadyDatabase> {
  if (context.lifecycle.isStopping) return { postgres, credentials: undefined };
  await migrate(context, postgres);
  await context.data.writeAddresses({ databaseUrl: postgres.url });
  // a production database of the user gets no credential that nobody asked for
  const isOurs = postgres.own !== undefined || env['NODE_ENV'] !== 'production';
  const credentials = isOurs && services.includes('mq-broker') ? await provisionDevelopment(postgres.url, context.data.secrets) : undefined;
  return { postgres, credentials };
}

async function migrate({ printer, settings }: ServersContext, server: Server): Promise<void> {
  const deploying = deployMigrations(server.url, { folder: join(settings.root, 'prisma') }).catch((error: unknown) => {
    if (server.own === undefined && error instanceof Error) error.message = `DATABASE_URL: ${error.message}`;
    throw error;
  });
  const applied = await printer.step('applying migrations', deploying);
  if (applied.length > 0) printer.say(`${countOf(applied.length, 'migration', 's')} applied`);
}

function shownPath(root: string, path: string): string {
  const fromRoot = relative(root, path);
  return fromRoot === '' || fromRoot.startsWith('..') ? path : fromRoot;
}

/** How the email worker reads files that were stored at the gateway: where there are development credentials, with those. */
function fileAccess({ host, replicas }: ServersContext['settings'], credentials: DevelopmentCredentials | undefined, env: NodeJS.ProcessEnv): Record<string, string> {
  const port = replicas.find((it) => it.service === 'gateway')?.port ?? 0;
  if (credentials === undefined || port === 0 || env['INTERNAL_SERVICE_TOKEN']) return {};
  const reached = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return { GATEWAY_URL: env['GATEWAY_URL'] || `http://${reached}:${port}`, INTERNAL_SERVICE_TOKEN: credentials.serviceToken };
}

/** One INSTANCE_ID for all processes would make the replicas of a service one: left out, each makes its own. */
function serviceEnv(env: NodeJS.ProcessEnv, shared: Readonly<Record<string, string>>, root: string): NodeJS.ProcessEnv {
  return {
    NODE_ENV: 'development',
    // As in the container images: an idle service keeps some 20 MB less.
    MALLOC_ARENA_MAX: '2',
    // Compiled code is kept between starts (Node 22 and later; older ones do not look).
    NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/angarium/compiled'),
    // The first webhook that somebody tries goes to their own machine.
    WEBHOOK_PRIVATE_HOSTS: '127.0.0.1,localhost',
    // The phones of the sandbox that fail on wish are in the plan of the US.
    SMS_COUNTRIES: 'CN,US',
    ...env,
    ...shared,
    INSTANCE_ID: undefined,
  };
}

const countOf = (count: number, one: string, plural: string) => `${count} ${one}${count === 1 ? '' : plural}`;

const addressOf = ({ replica, url, process }: RunningService): Address => ({ name: replica.name, url, pid: process.pid, note: replica.purpose });

function serverAddress(name: string, { url, own }: Server): Address {
  return own === undefined ? { name, url, note: 'yours' } : { name, url, pid: own.pid };
}
