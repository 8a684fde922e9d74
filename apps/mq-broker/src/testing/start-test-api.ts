import type { Caller, TenantCaller } from '@angarium/auth';
import type { Access, AnswerOf, RouteContract } from '@angarium/contracts';
import { AngariumError, SharedErrors, toAngariumError, type ErrorBody } from '@angarium/errors';
import { readJson, serveRoutes, type Authenticator, type ServeOptions } from '@angarium/service-shell';
import { Module, type DynamicModule, type ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { fastify, type FastifyError } from 'fastify';
import { isDeepStrictEqual } from 'node:util';

export interface TestApiOptions extends Pick<ModuleMetadata, 'controllers' | 'providers' | 'imports'>, Pick<ServeOptions, 'idempotency'> {
  /** Who may call. The first one does where a call names nobody. */
  readonly callers: readonly [Caller, ...Caller[]];
}

export interface TestCall {
  /** One of the callers. */
  readonly as?: Caller;
  readonly params?: Readonly<Record<string, string>>;
  /** What is undefined is left out. */
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface TestAnswer<C extends RouteContract> {
  readonly status: number;
  readonly headers: Headers;
  /** The answer, or where the status is an error's its code, message and details. */
  readonly body: AnswerOf<C> & Partial<ErrorBody>;
}

export interface TestApi {
  readonly url: string;
  /** Sends a request over HTTP. @throws Error when a good answer is not what the contract says, or more than that. */
  call<C extends RouteContract>(contract: C, call?: TestCall): Promise<TestAnswer<C>>;
  close(): Promise<void>;
}

/** Controllers behind real HTTP, served as in production; only the credential is made up. */
export async function startTestApi({ callers, idempotency, controllers = [], providers = [], imports = [] }: TestApiOptions): Promise<TestApi> {
  @Module({})
  class TestModule {}
  const root: DynamicModule = { module: TestModule, controllers, providers, imports };
  const app = await NestFactory.createApplicationContext(root, { logger: false, abortOnError: false });
  const server = fastify({ forceCloseConnections: true });
  readJson(server);
  server.setErrorHandler((error: FastifyError, _request, reply) => {
    const known = error instanceof AngariumError || (error.statusCode ?? 500) >= 500 ? toAngariumError(error) : SharedErrors.REQUEST_REFUSED(error.message);
    void reply.status(known.status).send(known.code === 'INTERNAL' ? { ...known.toBody(), details: String(error.stack) } : known.toBody());
  });
  serveRoutes(app, server, { authenticator: authenticatorOf(callers), ...(idempotency === undefined ? {} : { idempotency }) });
  const url = await server.listen({ port: 0, host: '127.0.0.1' });
  return {
    url,
    call: (contract, call = {}) => send(url, contract, call, callers),
    close: async () => {
      await server.close();
      await app.close();
    },
  };
}

/** A caller of a tenant, with all scopes unless said otherwise. */
export function testCaller(tenant: { readonly id: string; readonly name: string }, more: Partial<TenantCaller> = {}): TenantCaller {
  return { kind: 'tenant', tenantId: tenant.id, tenantName: tenant.name, keyId: `key-of-${tenant.name}`, keyName: 'tester', scopes: new Set(['publish', 'consume', 'admin']), publishRate: undefined, ...more };
}

const CALLER_HEADER = 'x-test-caller';

function authenticatorOf(callers: readonly Caller[]): Authenticator {
  return {
    authenticate: (headers, access: Access) => {
      const caller = callers[Number(headers[CALLER_HEADER])];
      if (!caller) throw SharedErrors.UNAUTHORIZED();
      if (mayCall(caller, access)) return caller;
      throw new AngariumError({ code: 'FORBIDDEN', status: 403, blame: 'caller', retry: 'never' }, 'The credential does not allow that.');
    },
  };
}

function mayCall(caller: Caller, access: Access): boolean {
  if (access.kind === 'open') return true;
  if (access.kind === 'operator') return false;
  if (access.kind === 'service') return caller.kind === 'service' && caller.permissions.has(access.permission);
  return caller.kind === 'tenant' && (access.kind === 'any-scope' || caller.scopes.has(access.scope));
}

async function send<C extends RouteContract>(url: string, contract: C, call: TestCall, callers: readonly Caller[]): Promise<TestAnswer<C>> {
  const path = contract.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(call.params?.[name] ?? `no-${name}`));
  const given = Object.entries(call.query ?? {}).filter((it): it is [string, string] => it[1] !== undefined);
  const query = new URLSearchParams(given).toString();
  const answer = await fetch(`${url}${path}${query === '' ? '' : `?${query}`}`, {
    method: contract.method,
    headers: {
      ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
      [CALLER_HEADER]: String(call.as === undefined ? 0 : callers.indexOf(call.as)),
      ...call.headers,
    },
    ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
  });
  const text = await answer.text();
  const body = (text === '' ? undefined : JSON.parse(text)) as TestAnswer<C>['body'];
  if (answer.ok) requireContract(contract, answer.status, body);
  return { status: answer.status, headers: answer.headers, body };
}

/** The system's id has no version in it, which the contract's tenantId asks for. */
const SYSTEM_ID = /00000000-0000-0000-0000-000000000001/g;

function requireContract(contract: RouteContract, status: number, answered: unknown): void {
  const body: unknown = answered === undefined ? undefined : JSON.parse(JSON.stringify(answered).replace(SYSTEM_ID, '00000000-0000-4000-8000-000000000001'));
  if (status !== contract.status) throw new Error(`${contract.id} answered with ${status}; its contract says ${contract.status}`);
  const fits = contract.response.safeParse(body);
  if (!fits.success) throw new Error(`the answer of ${contract.id} does not fit: ${fits.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')}`);
  // a parse drops what the contract does not name: such a field would be told to callers all the same
  if (!isDeepStrictEqual(JSON.parse(JSON.stringify(fits.data ?? null)), body ?? null)) throw new Error(`the answer of ${contract.id} holds more than its contract says: ${JSON.stringify(body)}`);
}
