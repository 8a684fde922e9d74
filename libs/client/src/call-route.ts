import type { AnswerOf, BodyInputOf, ParamsOf, QueryOf, RouteContract } from '@angarium/contracts';
import { AngariumConnectionError, toApiError, toConnectionError } from './angarium-api-error.js';
import { mayRepeat, pause, pauseMs, type Retry } from './retry.js';
import type { ClientRoute } from './routes.js';

export interface Connection {
  /** Without a slash at its end. */
  readonly url: string;
  readonly apiKey: string;
  readonly fetch: typeof fetch;
  readonly timeoutMs: number;
  readonly retry: Retry;
}

export interface CallOptions {
  /** Gives up: the call rejects with the signal's reason, also between two tries. */
  readonly signal?: AbortSignal;
}

type Given<T, Name extends string> = T extends undefined ? { readonly [K in Name]?: undefined } : { readonly [K in Name]: T };
type SomeOf<T> = T extends undefined ? undefined : Partial<T>;
export type CallParts<C extends RouteContract> = Given<ParamsOf<C>, 'params'> & Given<BodyInputOf<C>, 'body'> & { readonly query?: SomeOf<QueryOf<C>>; readonly headers?: Readonly<Record<string, string>> };

interface CallSettings extends CallOptions {
  /** Added to the time limit of each try: what the broker is asked to wait. */
  readonly extraMs?: number;
  readonly attempts?: number;
}

/**
 * Calls a route; tries again where that does no harm.
 * @throws AngariumApiError what the broker answered last; AngariumConnectionError when no answer came.
 */
export async function callRoute<C extends RouteContract>(connection: Connection, route: ClientRoute<C>, parts: CallParts<C>, settings: CallSettings = {}): Promise<AnswerOf<C>> {
  const url = connection.url + pathOf(route.path, parts.params) + queryOf(parts.query);
  const headers: Record<string, string> = { authorization: `Bearer ${connection.apiKey}`, accept: 'application/json', ...parts.headers };
  if (parts.body !== undefined) headers['content-type'] = 'application/json';
  if (route.repeatable === 'by-key') headers['idempotency-key'] ??= crypto.randomUUID();
  const request = { method: route.method, headers, ...(parts.body === undefined ? {} : { body: JSON.stringify(parts.body) }) };
  const retry = settings.attempts === undefined ? connection.retry : { ...connection.retry, attempts: settings.attempts };
  for (let failedCount = 1; ; failedCount++) {
    try {
      return (await once(connection, url, request, settings)) as AnswerOf<C>;
    } catch (error) {
      settings.signal?.throwIfAborted();
      const waitMs = mayRepeat(error, route.repeatable !== 'never') ? pauseMs(error, failedCount, retry, Math.random()) : undefined;
      if (waitMs === undefined) throw error;
      await pause(waitMs, settings.signal);
      settings.signal?.throwIfAborted();
    }
  }
}

async function once(connection: Connection, url: string, request: RequestInit, { signal, extraMs = 0 }: CallSettings): Promise<unknown> {
  signal?.throwIfAborted();
  const limitMs = connection.timeoutMs + extraMs;
  const controller = new AbortController();
  const abort = () => controller.abort(signal?.reason);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    controller.abort();
  }, limitMs);
  signal?.addEventListener('abort', abort, { once: true });
  try {
    const answer = await connection.fetch(url, { ...request, redirect: 'error', signal: controller.signal });
    const text = await answer.text();
    if (!answer.ok) throw toApiError(answer.status, text, answer.headers.get('retry-after'));
    return text === '' ? undefined : parse(text, answer.status);
  } catch (error) {
    if (isLate) throw new AngariumConnectionError('TIMEOUT', true, `No answer from ${connection.url} within ${limitMs} ms. Look how the broker is, or raise timeoutMs.`, { cause: error });
    if (error instanceof Error && error.name === 'AngariumApiError') throw error;
    throw toConnectionError(error, connection.url);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

function parse(text: string, status: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw toApiError(status, text, null); // no broker answers so: a proxy, or another service
  }
}

function pathOf(path: string, params: unknown): string {
  const given = (params ?? {}) as Readonly<Record<string, unknown>>;
  return path.replace(/\{(\w+)\}/g, (_all, name: string) => encodeURIComponent(String(given[name])));
}

function queryOf(query: unknown): string {
  const entries = Object.entries((query ?? {}) as Record<string, unknown>).filter(([, value]) => value !== undefined);
  return entries.length === 0 ? '' : `?${new URLSearchParams(entries.map(([name, value]): [string, string] => [name, String(value)])).toString()}`;
}
