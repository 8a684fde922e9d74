import type { Caller } from '@angarium/auth';
import { createAddresses, type Access } from '@angarium/contracts';
import type { Sql } from '@angarium/database';
import { SharedErrors, toAngariumError } from '@angarium/errors';
import { Metrics, silentLogger } from '@angarium/observability';
import { HealthRegistry, serveRoutes } from '@angarium/service-shell';
import { Global, Module, type DynamicModule, type Provider } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { fastify, type FastifyInstance, type FastifyRequest } from 'fastify';
import { SqlModule } from '../../sql.js';
import { WatchModule } from '../watch.module.js';

export interface Parts {
  readonly sql: Sql;
  readonly redisUrl: string;
  readonly instance?: string;
  readonly imports?: readonly DynamicModule[];
  readonly providers?: readonly Provider[];
}

export interface Served {
  readonly metrics: Metrics;
  readonly health: HealthRegistry;
  get<T>(token: abstract new (...args: never[]) => T): T;
  /** Calls a route as a tenant (its id) or as a service with permissions. */
  call(method: 'GET' | 'POST', path: string, as: { tenantId: string } | { may: readonly string[] }, body?: unknown): Promise<{ status: number; body: unknown }>;
  stop(): Promise<void>;
}

@Global()
@Module({})
class TestShell {}

/** The watching part of the broker, and what a test adds, behind real routes; the credential is a header that the test makes up. */
export async function serveParts({ sql, redisUrl, instance = 'one', imports = [], providers = [] }: Parts): Promise<Served> {
  const metrics = new Metrics('mq-broker', false);
  const watch = WatchModule.forRoot({ redisUrl, addresses: createAddresses('test'), logger: silentLogger, instance, version: '1.2.3', reconnectMaxMs: 50 });
  const shell = [HealthRegistry, { provide: Metrics, useValue: metrics }, ...providers];
  const root = { module: TestShell, imports: [SqlModule.around(sql), watch, ...imports], providers: shell, exports: shell };
  const app = await NestFactory.createApplicationContext(root as DynamicModule, { logger: false, abortOnError: false });
  const server: FastifyInstance = fastify({ forceCloseConnections: true });
  server.setErrorHandler((error, _request, reply) => {
    const known = toAngariumError(error);
    return reply.status(known.status).send(known.toBody());
  });
  serveRoutes(app, server, { authenticator: { authenticate } });
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  return {
    metrics,
    health: app.get(HealthRegistry),
    get: (token) => app.get(token),
    async call(method, path, as, body) {
      const json = body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
      const answer = await fetch(`${url}${path}`, { method, ...json, headers: { ...json.headers, 'x-as': JSON.stringify(as) } });
      return { status: answer.status, body: await answer.json() };
    },
    async stop() {
      await server.close();
      await app.close();
    },
  };
}

function authenticate(headers: FastifyRequest['headers'], access: Access): Caller {
  const { tenantId, may } = JSON.parse(String(headers['x-as'])) as { tenantId?: string; may?: string[] };
  if (access.kind === 'service') {
    if (!may?.includes(access.permission)) throw SharedErrors.UNAUTHORIZED();
    return { kind: 'service', service: 'some-service', permissions: new Set(may) };
  }
  return { kind: 'tenant', tenantId: String(tenantId), tenantName: 'some', keyId: 'k', keyName: 'key', scopes: new Set(), publishRate: undefined };
}
