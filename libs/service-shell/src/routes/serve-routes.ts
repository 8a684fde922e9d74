import type { Caller, TenantCaller } from '@angarium/auth';
import type { Access, RouteContract } from '@angarium/contracts';
import { belongTo } from '@angarium/observability';
import type { INestApplicationContext } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { contractFault } from '../start/contract-fault.js';
import { routesOf, type RouteCall } from './route.decorator.js';

/** Checks the credential of a call. @throws UNAUTHORIZED, FORBIDDEN; answers at once where it knows the credential. */
export interface Authenticator {
  authenticate(headers: FastifyRequest['headers'], access: Access): Caller | Promise<Caller>;
}

/** Answers a call under an Idempotency-Key once, and then again and again. */
export interface Idempotency {
  run(request: { caller: TenantCaller; contract: RouteContract; key: string; path: string; body: unknown }, work: () => Promise<unknown>): Promise<{ readonly isReplay: boolean; readonly answer: unknown }>;
}

export interface ServeOptions {
  readonly authenticator: Authenticator;
  readonly idempotency?: Idempotency;
  /** Bodies above this are refused with 413, where a route's contract says nothing else. */
  readonly bodyLimitBytes?: number;
}

/** What setStatus asked for. */
const statuses = new WeakMap<object, number>();

type Handler = (call: RouteCall<RouteContract>) => unknown;

/**
 * Registers every @Route method of the application with Fastify itself: authenticate, check against the contract, handle, answer.
 * NestJS' own route pipeline costs two thirds of the requests a second that Fastify can answer; providers, injection and
 * the error filter are used all the same. Call it before the application listens.
 * @returns the contracts, for OpenAPI.
 */
export function serveRoutes(app: INestApplicationContext, fastify: FastifyInstance, options: ServeOptions): RouteContract[] {
  const served: RouteContract[] = [];
  for (const module of app.get(ModulesContainer).values()) {
    for (const { metatype, instance } of module.controllers.values()) {
      for (const { contract, method } of routesOf(metatype)) {
        const controller = instance as Record<string, Handler>;
        register(fastify, contract, (call) => controller[method]?.(call), options);
        served.push(contract);
      }
    }
  }
  return served;
}

/** A route that takes its body raw gets a parser of its own; the others stay with JSON. */
function register(fastify: FastifyInstance, contract: RouteContract, handle: Handler, options: ServeOptions): void {
  const { rawBody } = contract;
  if (rawBody === undefined) return addRoute(fastify, contract, handle, options);
  const bodyLimitBytes = rawBody.maxBytes ?? options.bodyLimitBytes;
  const limit = bodyLimitBytes === undefined ? {} : { bodyLimit: bodyLimitBytes };
  void fastify.register((scope, _settings, done) => {
    // megabytes are taken in for nobody unknown; the handler asks again, which costs nothing then
    scope.addHook('onRequest', async (request) => void (await options.authenticator.authenticate(request.headers, contract.access)));
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer', ...limit }, (_request, body, parsed) => parsed(null, body));
    addRoute(scope, contract, handle, { ...options, ...(bodyLimitBytes === undefined ? {} : { bodyLimitBytes }) });
    done();
  });
}

function addRoute(fastify: FastifyInstance, contract: RouteContract, handle: Handler, options: ServeOptions): void {
  const { authenticator, idempotency } = options;
  fastify.route({
    method: contract.method,
    url: contract.path.replace(/\{(\w+)\}/g, ':$1'),
    ...(options.bodyLimitBytes === undefined ? {} : { bodyLimit: options.bodyLimitBytes }),
    config: { isQuiet: contract.isHot === true, keepsText: contract.keepsBodyText === true },
    handler: async (request, reply) => {
      const authenticated = authenticator.authenticate(request.headers, contract.access);
      const caller = authenticated instanceof Promise ? await authenticated : authenticated;
      if (caller.kind === 'tenant') belongTo(caller.tenantId);
      const call = callOf(contract, request, reply, caller);
      const key = contract.isIdempotent === true ? idempotencyKey(request) : undefined;
      let answer: unknown;
      if (key === undefined || idempotency === undefined || caller.kind !== 'tenant') answer = await handle(call);
      else {
        const result = await idempotency.run({ caller, contract, key, path: request.url, body: request.body }, () => Promise.resolve(handle(call)));
        if (result.isReplay) void reply.header('idempotency-replayed', 'true');
        answer = result.answer;
      }
      void reply.status(statuses.get(call) ?? contract.status);
      if (answer === undefined) return reply.send();
      if (typeof answer === 'string') return reply.send(answer);
      // without a schema Fastify would look for one on every answer
      return reply.header('content-type', 'application/json; charset=utf-8').send(JSON.stringify(answer));
    },
  });
}

function callOf(contract: RouteContract, request: FastifyRequest, reply: FastifyReply, caller: Caller): RouteCall<RouteContract> {
  const raw = contract.rawBody === undefined || !Buffer.isBuffer(request.body) ? undefined : request.body;
  const call: RouteCall<RouteContract> = {
    contract,
    params: contract.params && parsed(contract.params, request.params),
    query: contract.query && parsed(contract.query, request.query),
    // a body that may be left out altogether is an empty object
    body: contract.body && parsed(contract.body, request.body ?? {}),
    bodyText: contract.rawBody?.as === 'text' ? raw?.toString('utf8') : request.bodyText,
    bytes: contract.rawBody?.as === 'bytes' ? raw : undefined,
    headers: request.headers,
    get remoteAddress() {
      return request.ip;
    },
    caller: caller as TenantCaller,
    service: caller.kind === 'service' ? caller : undefined,
    get signal() {
      return abortedWith(reply);
    },
    setHeader: (name, value) => void reply.header(name, value),
    setStatus: (status) => void statuses.set(call, status),
  };
  return call;
}

function parsed<T extends object>(schema: { safeParse(value: unknown): { success: true; data: T } | { success: false; error: { issues: readonly { message: string; path: PropertyKey[] }[] } } }, value: unknown): T {
  const result = schema.safeParse(value);
  if (!result.success) throw contractFault(result.error.issues);
  return result.data;
}

function idempotencyKey(request: FastifyRequest): string | undefined {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key === 'string' && /^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw contractFault([{ path: ['headers', 'idempotency-key'], message: 'use 1 to 255 visible ASCII characters' }]);
}

/** Made on demand: a listener on every socket would cost the routes that never ask. */
function abortedWith(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  if (reply.raw.destroyed) controller.abort();
  else reply.raw.once('close', () => controller.abort());
  return controller.signal;
}
