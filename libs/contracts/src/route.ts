import type { z } from 'zod';

/**
 * What a caller must be to use a route. `scope`, `any-scope`: a tenant, for what is its own. `operator`: whoever runs the system, for what
 * belongs to all tenants. `service`: another service of this system, by its token. `open`: anybody, with the reason.
 */
export type Access =
  | { readonly kind: 'operator' }
  | { readonly kind: 'scope'; readonly scope: 'publish' | 'consume' | 'admin' }
  | { readonly kind: 'any-scope' }
  | { readonly kind: 'service'; readonly permission: string }
  | { readonly kind: 'open'; readonly reason: string };

type Shape = z.ZodType<object>;
type Maybe<S extends Shape | undefined> = S extends Shape ? z.output<S> : undefined;

/** One example of a call, sent by a test and shown on the reference page. */
export interface RouteExample {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** A body that only its handler reads: as text in `bodyText` (forms of others, what is signed letter by letter), or as `bytes` (files). */
export interface RawBody {
  readonly as: 'text' | 'bytes';
  /** Above it: 413. Left out: as everywhere. */
  readonly maxBytes?: number;
}

/**
 * One HTTP route, declared once: the server registers it, checks calls and answers by it, OpenAPI and the SDK's types are derived from it.
 * A path names its parameters in braces: `/queues/{name}`.
 */
export interface RouteContract<
  P extends Shape | undefined = Shape | undefined,
  Q extends Shape | undefined = Shape | undefined,
  B extends Shape | undefined = Shape | undefined,
  R extends z.ZodType = z.ZodType,
> {
  /** `topic.create`: names the operation in OpenAPI, logs, metrics and audit. */
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  /** Groups routes on the reference page. */
  readonly tag: string;
  readonly access: Access;
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  /** Of the answer when all goes well. */
  readonly status: 200 | 201 | 202 | 204;
  readonly response: R;
  /** Codes it may answer with, besides those that every route has. */
  readonly errors: readonly string[];
  readonly example: RouteExample;
  /** Replays the first answer under the same Idempotency-Key (POST only). */
  readonly isIdempotent?: boolean;
  /** Called thousands of times a second: no log line for each success. */
  readonly isHot?: boolean;
  /** Its handler needs the letters of the body: JavaScript reads numbers as doubles, and 12345678901234567890 is none. */
  readonly keepsBodyText?: boolean;
  /** Left out: the body is JSON. Else it is taken as it came, whatever content type it has, and nobody parses it. */
  readonly rawBody?: RawBody;
}

export type ParamsOf<C extends RouteContract> = Maybe<C['params']>;
export type QueryOf<C extends RouteContract> = Maybe<C['query']>;
export type BodyOf<C extends RouteContract> = Maybe<C['body']>;
export type AnswerOf<C extends RouteContract> = z.output<C['response']>;
/** What a caller sends: fields with defaults may be left out. */
export type BodyInputOf<C extends RouteContract> = C['body'] extends Shape ? z.input<C['body']> : undefined;

/** Declares a route. Left out: no parameters, no query, no body, status 200. Pure. */
export function defineRoute<R extends z.ZodType, P extends Shape | undefined = undefined, Q extends Shape | undefined = undefined, B extends Shape | undefined = undefined>(
  route: Omit<RouteContract<P, Q, B, R>, 'params' | 'query' | 'body' | 'status' | 'errors' | 'example'> & {
    readonly params?: P;
    readonly query?: Q;
    readonly body?: B;
    readonly status?: RouteContract['status'];
    readonly errors?: readonly string[];
    readonly example?: RouteExample;
  },
): RouteContract<P, Q, B, R> {
  return Object.freeze({ status: 200 as const, errors: [], example: {}, params: undefined, query: undefined, body: undefined, ...route }) as unknown as RouteContract<P, Q, B, R>;
}
