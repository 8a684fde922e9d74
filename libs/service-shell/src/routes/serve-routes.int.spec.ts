import 'reflect-metadata';
import type { TenantCaller } from '@angarium/auth';
import { defineRoute } from '@angarium/contracts';
import { createLogger, currentContext, Metrics } from '@angarium/observability';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { fastify, type FastifyInstance } from 'fastify';
import { z } from 'zod';
import { readJson } from '../http/read-json.js';
import { followRequests } from '../http/request-context.js';
import { Route, type RouteCall } from './route.decorator.js';
import { serveRoutes } from './serve-routes.js';

const TENANT_ID = 'b1a6a1de-7a5c-4f39-9d6b-2f1f6f3f7a02';
const shared = { method: 'POST', tag: 'Kitchen', summary: 'Cooks.', access: { kind: 'any-scope' }, body: z.object({ name: z.string() }), response: z.unknown() } as const;
const Cook = defineRoute({ ...shared, id: 'soup.cook', path: '/soup' });
const Copy = defineRoute({ ...shared, id: 'soup.copy', path: '/copy', keepsBodyText: true });
const Hear = defineRoute({ ...shared, id: 'soup.hear', path: '/hear', body: undefined, rawBody: { as: 'text' } });
const Weigh = defineRoute({ id: 'soup.weigh', path: '/weigh', method: 'POST', tag: 'Kitchen', summary: 'Weighs.', access: { kind: 'any-scope' }, response: z.unknown(), rawBody: { as: 'bytes', maxBytes: 10 } });

@Controller()
class Kitchen {
  @Route(Cook)
  cook({ bodyText }: RouteCall<typeof Cook>): unknown {
    return { bodyText: bodyText ?? null, ...currentContext() };
  }

  @Route(Hear)
  hear({ bodyText }: RouteCall<typeof Hear>): unknown {
    return { bodyText: bodyText ?? null };
  }

  @Route(Copy)
  copy(call: RouteCall<typeof Copy>): unknown {
    call.setHeader('content-type', 'application/json; charset=utf-8');
    return call.bodyText;
  }

  @Route(Weigh)
  weigh({ bytes }: RouteCall<typeof Weigh>): unknown {
    return { hex: bytes?.toString('hex') ?? null };
  }
}

@Module({ controllers: [Kitchen] })
class KitchenModule {}

describe('routes that are contracts', () => {
  const lines: string[] = [];
  let server: FastifyInstance;
  let url: string;

  beforeAll(async () => {
    const app = await NestFactory.createApplicationContext(KitchenModule, { logger: false });
    server = fastify({ forceCloseConnections: true });
    readJson(server);
    followRequests(server, createLogger({ service: 'kitchen', instance: 'k1', level: 'info' }, { write: (line) => void lines.push(line) }), new Metrics('kitchen', false));
    const caller: TenantCaller = { kind: 'tenant', tenantId: TENANT_ID, tenantName: 'acme', keyId: 'k', keyName: 'cook', scopes: new Set(), publishRate: undefined };
    serveRoutes(app, server, { authenticator: { authenticate: () => caller } });
    url = await server.listen({ port: 0, host: '127.0.0.1' });
  });

  afterAll(() => server.close());

  const post = (path: string, body: string) => fetch(`${url}${path}`, { method: 'POST', body, headers: { 'content-type': 'application/json', 'x-correlation-id': 'order-1' } });

  it('are logged and handled as the work of the tenant that calls, not of the system', async () => {
    const answer = (await (await post('/soup', '{"name":"leek"}')).json()) as object;
    expect(answer).toMatchObject({ tenant: TENANT_ID, correlationId: 'order-1' });
    const line = lines.map((it) => JSON.parse(it) as Record<string, unknown>).find((it) => it['msg'] === 'request answered');
    expect(line).toMatchObject({ route: '/soup', tenant: TENANT_ID, correlationId: 'order-1' });
  });

  it('keep their context while a body comes in over many packets', async () => {
    const answer = (await (await post('/soup', JSON.stringify({ name: 'x'.repeat(900_000) }))).json()) as object;
    expect(answer).toMatchObject({ tenant: TENANT_ID, correlationId: 'order-1' });
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ tenant: TENANT_ID, correlationId: 'order-1' });
  });

  it('hand over the letters of the body where the contract asks for them, and nowhere else', async () => {
    const text = '{ "name": "leek", "grams": 1.0, "id": 12345678901234567890 }';
    const copied = await post('/copy', text);
    expect(copied.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await copied.text()).toBe(text);
    expect(await (await post('/soup', text)).json()).toMatchObject({ bodyText: null });
  });

  it('take a body of any type as its letters where the contract says so, JSON that is none among them', async () => {
    const hear = async (type: string, body: string) => (await fetch(`${url}/hear`, { method: 'POST', body, headers: { 'content-type': type } })).json();
    expect(await hear('application/x-www-form-urlencoded', 'a=1&a=2&b=%C3%BC')).toEqual({ bodyText: 'a=1&a=2&b=%C3%BC' });
    expect(await hear('application/json', '[{"n": 1.0}')).toEqual({ bodyText: '[{"n": 1.0}' });
    expect(await hear('text/plain;charset=utf-8', 'ü')).toEqual({ bodyText: 'ü' });
  });

  it('refuse a body of another type than JSON everywhere else', async () => {
    const answer = await fetch(`${url}/soup`, { method: 'POST', body: 'name=leek', headers: { 'content-type': 'application/x-www-form-urlencoded' } });
    expect([answer.status, await answer.json()]).toEqual([415, expect.objectContaining({ code: 'UNSUPPORTED_MEDIA_TYPE' })]);
  });

  it('that take bytes get them as they came, of whatever type, up to their limit; other routes still take JSON alone', async () => {
    const weigh = (body: string, type?: string) => fetch(`${url}/weigh`, { method: 'POST', body: new TextEncoder().encode(body), headers: type === undefined ? {} : { 'content-type': type } });
    for (const type of ['application/json', 'image/png', undefined]) expect(await (await weigh('{"a', type)).json()).toEqual({ hex: '7b2261' });
    expect((await weigh('x'.repeat(11), 'text/plain')).status).toBe(413);
    expect((await fetch(`${url}/soup`, { method: 'POST', body: 'x', headers: { 'content-type': 'text/csv' } })).status).toBe(415);
  });
});
