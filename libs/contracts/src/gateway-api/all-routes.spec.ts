import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RouteContract } from '../route.js';
import { gatewayRoutes, gatewayTags } from './all-routes.js';
import { StartVerificationRoute } from './verification.routes.js';

const folder = dirname(fileURLToPath(import.meta.url));

async function declaredRoutes(): Promise<{ name: string; route: RouteContract }[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.routes.ts'));
  const modules = await Promise.all(files.map((file) => import(join(folder, file)) as Promise<Record<string, unknown>>));
  // all that a call of defineRoute answers with, by what makes a route different from a schema
  const isRoute = (it: unknown): it is RouteContract => typeof it === 'object' && it !== null && 'summary' in it && 'response' in it;
  return modules.flatMap((module) => Object.entries(module).flatMap(([name, it]) => (isRoute(it) ? [{ name, route: it }] : [])));
}

describe('the list of all routes of the gateway', () => {
  it('has every route that a *.routes.ts file exports', async () => {
    const declared = await declaredRoutes();
    expect(declared.length).toBeGreaterThan(10);
    const missing = declared.filter(({ route }) => !gatewayRoutes.includes(route)).map(({ name }) => name);
    expect(missing).toEqual([]);
    expect(gatewayRoutes).toHaveLength(declared.length);
  });

  it('has no two routes of one id, or of one method and path', () => {
    const ids = gatewayRoutes.map(({ id }) => id);
    const places = gatewayRoutes.map(({ method, path }) => `${method} ${path.replaceAll(/\{\w+\}/g, '{}')}`);
    expect(new Set(ids).size).toBe(ids.length);
    expect(new Set(places).size).toBe(places.length);
  });

  it('names the parameters of each path as its schema does', () => {
    for (const { id, path, params } of gatewayRoutes) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const inSchema = Object.keys((params as { shape?: object } | undefined)?.shape ?? {});
      expect({ id, names: inSchema.sort() }).toEqual({ id, names: inPath.sort() });
    }
  });

  it('says of every group what it is about', () => {
    expect([...new Set(gatewayRoutes.map(({ tag }) => tag))].filter((tag) => gatewayTags[tag] === undefined)).toEqual([]);
  });

  it('refuses a field of a body that it does not know, and names it', () => {
    const bodies = gatewayRoutes.filter(({ body, example }) => body !== undefined && example.body !== undefined);
    expect(bodies.length).toBeGreaterThan(10);
    for (const { id, body, example } of bodies) {
      const issues = body?.safeParse({ ...(example.body as object), idempotencykey: 1 }).error?.issues;
      expect({ id, issues }).toEqual({ id, issues: [expect.objectContaining({ code: 'unrecognized_keys', path: [], message: 'Unrecognized key: "idempotencykey"' })] });
    }
  });

  it.each(['203.0.113.9', '2001:db8::1', undefined])('takes %s for the address of a client', (clientAddress) => {
    expect(StartVerificationRoute.body?.safeParse({ phone: '13800138000', clientAddress }).success).toBe(true);
  });

  it.each(['', 'x', '203.0.113', 'ada.example.com'])('takes "%s" for no address of a client', (clientAddress) => {
    const faults = StartVerificationRoute.body?.safeParse({ phone: '13800138000', clientAddress }).error?.issues;
    expect(faults).toEqual([expect.objectContaining({ path: ['clientAddress'], message: 'give an IP address, or leave it out' })]);
  });

  it('has examples that the schemas accept', () => {
    for (const { id, params, query, body, example } of gatewayRoutes) {
      if (example.params) expect({ id, fault: params?.safeParse(example.params).error }).toEqual({ id, fault: undefined });
      if (example.query) expect({ id, fault: query?.safeParse(example.query).error }).toEqual({ id, fault: undefined });
      if (example.body !== undefined) expect({ id, fault: body?.safeParse(example.body).error }).toEqual({ id, fault: undefined });
    }
  });
});
