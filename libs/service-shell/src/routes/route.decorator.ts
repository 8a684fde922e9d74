import type { Caller, ServiceCaller, TenantCaller } from '@angarium/auth';
import type { BodyOf, ParamsOf, QueryOf, RouteContract } from '@angarium/contracts';
import type { IncomingHttpHeaders } from 'node:http';

/** Who calls a route, by what it asks for: a handler of a scoped route has a tenant at hand without looking. */
export type CallerOf<C extends RouteContract> = C['access'] extends { kind: 'service' } ? ServiceCaller : C['access'] extends { kind: 'open' } ? Caller : TenantCaller;

/** A call that was authenticated and whose parts fit the contract. */
export interface RouteCall<C extends RouteContract> {
  readonly contract: C;
  readonly params: ParamsOf<C>;
  readonly query: QueryOf<C>;
  readonly body: BodyOf<C>;
  /** The text of the body, where the contract says `keepsBodyText` or takes it raw, as text, and there is one. */
  readonly bodyText: string | undefined;
  /** The body of a route that takes it raw, as bytes, and there is one. */
  readonly bytes: Buffer | undefined;
  readonly headers: IncomingHttpHeaders;
  /** IP address of whoever connected; behind a proxy, the proxy's. */
  readonly remoteAddress: string;
  readonly caller: TenantCaller;
  readonly service: ServiceCaller | undefined;
  /** Aborts when the caller hangs up before it is answered. */
  readonly signal: AbortSignal;
  /** Adds a header to the answer: `etag`. */
  setHeader(name: string, value: string): void;
  /** Another status than the contract's, for answers that are pages: an error of one is shown as a page, too. */
  setStatus(status: number): void;
}

interface BoundRoute {
  readonly contract: RouteContract;
  readonly method: string;
}

const ROUTES = Symbol('angarium:routes');

/** Makes a controller's method the handler of a route: it gets a RouteCall and returns (a promise of) the answer's body. */
export function Route(contract: RouteContract): MethodDecorator {
  return (target, method) => {
    const holder = target.constructor as { [ROUTES]?: BoundRoute[] };
    const own = Object.hasOwn(holder, ROUTES) ? (holder[ROUTES] ?? []) : [];
    holder[ROUTES] = [...own, { contract, method: String(method) }];
  };
}

/** The routes that a class declares. */
export function routesOf(type: unknown): readonly BoundRoute[] {
  return (type as { [ROUTES]?: BoundRoute[] } | undefined)?.[ROUTES] ?? [];
}
