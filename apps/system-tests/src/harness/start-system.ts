import { createSealKey } from '@angarium/secrets';
import {
  buildApps,
  createTestDatabase,
  startInbox,
  startPostgres,
  startRedis,
  startService,
  waitFor,
  type Inbox,
  type RunningServer,
  type Service,
} from '@angarium/testing';

const apps = ['gateway', 'email-worker', 'task-worker'] as const;
type App = (typeof apps)[number];

/** The token that the gateway's closed routes ask for in these tests. */
export const gatewayToken = 'a-token-for-system-tests-only';

export interface Registered {
  readonly userId: string;
  readonly email: string;
}

/** Servers and services of one test file, each a real process. Stopped by `stopAfterTests()`. */
export interface System {
  readonly redis: RunningServer;
  readonly postgres: RunningServer;
  readonly inbox: Inbox;
  readonly databaseUrl: string;
  readonly gateway: Service;
  readonly services: readonly Service[];
  /** One more replica. */
  start(app: App, env?: Record<string, string>): Promise<Service>;
  /** POST /register over HTTP. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  /** GET with the token. */
  get(path: string): Promise<Response>;
  /** Registers the n-th user. @throws Error when the answer is not 201. */
  register(n: number): Promise<Registered>;
}

export interface SystemOptions {
  readonly replicas?: Partial<Record<App, number>>;
  readonly env?: Record<string, string>;
  readonly appendfsync?: 'always' | 'everysec';
  /** Whether what Postgres has committed survives its kill; costs speed. Default false. */
  readonly isPostgresDurable?: boolean;
}

/** Starts everything a registration passes through; resolves when all services are ready. */
export async function startSystem({ replicas = {}, env = {}, appendfsync = 'always', isPostgresDurable = false }: SystemOptions = {}): Promise<System> {
  const [bundles, redis, postgres, inbox] = await Promise.all([buildApps(apps), startRedis({ appendfsync }), startPostgres({ fsync: isPostgresDurable }), startInbox()]);
  const database = await createTestDatabase(postgres);
  const shared = { DATABASE_URL: database.url, REDIS_URL: redis.url, SMTP_URL: inbox.smtpUrl, GATEWAY_TOKEN: gatewayToken, EMAIL_RATE_PER_SECOND: '1000', SEAL_KEYS: createSealKey(), ...env };
  const services: Service[] = [];
  const counts = new Map<App, number>();
  const start = async (app: App, more: Record<string, string> = {}) => {
    const count = (counts.get(app) ?? 0) + 1;
    counts.set(app, count);
    const name = `${app}.${count}`;
    const service = await startService({ name, main: bundles[app], env: { ...shared, INSTANCE_ID: name, ...more } });
    services.push(service);
    return service;
  };
  const [gateway] = await Promise.all([start('gateway'), ...apps.slice(1).flatMap((app) => Array.from({ length: replicas[app] ?? 1 }, () => start(app)))]);
  await Promise.all(services.map((service) => service.ready()));
  if (gateway === undefined) throw new Error('no gateway');

  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${gateway.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  return {
    ...{ redis, postgres, inbox, databaseUrl: database.url, gateway, services, start, post },
    get: (path) => fetch(`${gateway.url}${path}`, { headers: { authorization: `Bearer ${gatewayToken}` } }),
    async register(n) {
      const answer = await post('/register', { email: emailOf(n), username: `user-${n}`, password: 'correct horse battery' });
      const body = (await answer.json()) as Registered;
      if (answer.status !== 201) throw new Error(`POST /register answered ${answer.status}: ${JSON.stringify(body)}`);
      return body;
    },
  };
}

export function emailOf(n: number): string {
  return `user-${n}@example.com`;
}

/** How many mails each address received. */
export async function mailsByAddress(inbox: Inbox): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const { To } of await inbox.messages()) for (const { Address } of To) counts.set(Address, (counts.get(Address) ?? 0) + 1);
  return counts;
}

/** Resolves when every one of the addresses has mail. */
export async function waitForMails(inbox: Inbox, addresses: readonly string[], timeoutMs = 30_000): Promise<void> {
  const missing = async () => {
    const counts = await mailsByAddress(inbox);
    return addresses.filter((address) => !counts.has(address));
  };
  await waitFor(async () => (await missing()).length === 0, { what: `${addresses.length} mails`, timeoutMs }).catch(async (error: unknown) => {
    const left = await missing();
    throw new Error(`${left.length} of ${addresses.length} mails did not arrive, the first to ${left[0]}`, { cause: error });
  });
}
