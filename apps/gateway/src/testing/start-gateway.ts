import { createSealKey } from '@angarium/secrets';
import { buildApps, createTestDatabase, startPostgres, startRedis, startService, type RunningServer, type Service } from '@angarium/testing';

/** The token of the gateway in these tests. */
export const gatewayToken = 'a-token-for-the-tests-of-the-gateway';

/** The gateway as it is deployed, with real servers. Stopped by `stopAfterTests()`. */
export interface StartedGateway {
  readonly redis: RunningServer;
  readonly databaseUrl: string;
  readonly gateway: Service;
  /** Another replica, with other variables. */
  start(env: Readonly<Record<string, string>>): Promise<Service>;
  /** Sends a request with the token, and with a body where there is one. */
  call(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
}

/** Starts Redis, Postgres and the bundled gateway; resolves when it is ready. */
export async function startGateway(): Promise<StartedGateway> {
  const [bundles, redis, postgres] = await Promise.all([buildApps(['gateway']), startRedis(), startPostgres()]);
  const database = await createTestDatabase(postgres);
  const env = { DATABASE_URL: database.url, REDIS_URL: redis.url, GATEWAY_TOKEN: gatewayToken, SEAL_KEYS: createSealKey() };
  const start = async (more: Readonly<Record<string, string>>) => {
    const service = await startService({ name: `gateway${Object.keys(more).length === 0 ? '' : '.2'}`, main: bundles.gateway, env: { ...env, ...more } });
    await service.ready();
    return service;
  };
  const gateway = await start({});
  const call = (method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}) =>
    fetch(`${gateway.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${gatewayToken}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  return { redis, databaseUrl: database.url, gateway, start, call };
}
