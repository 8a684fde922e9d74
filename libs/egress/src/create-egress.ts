import { SharedErrors } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import { Pool } from 'undici';
import { EgressErrors } from './errors.js';
import { Exchange, type EgressResponse } from './exchange.js';
import { guardedConnector, type ConnectorOptions } from './guarded-connector.js';
import { OriginPools } from './origin-pools.js';
import { readTarget, type Target } from './read-target.js';
import { readTargetRules, type TargetOptions } from './target-rules.js';

export interface EgressOptions extends TargetOptions, Pick<ConnectorOptions, 'ca' | 'resolve' | 'network'> {
  readonly logger: Logger;
  /** Requests beyond it wait for a connection of their origin, and their time runs. Default 16. */
  readonly maxConnectionsPerOrigin?: number;
  /** Origins whose connections are kept for the next request. Default 1 000. */
  readonly maxOrigins?: number;
  /** An idle connection is closed after this time, or sooner where the server says so. Default 4 000 ms. */
  readonly keepAliveMs?: number;
  /** Longest time to connect, TLS included. Default 10 000 ms; the request's own limit may end sooner. */
  readonly connectTimeoutMs?: number;
  /** Default 16 KiB, trailers included. */
  readonly maxHeaderBytes?: number;
}

export interface EgressRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  /** Without those that the client sets itself: host, content-length, accept-encoding and what concerns the connection. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** For everything: waiting for a connection, connecting, headers and body. */
  readonly timeoutMs: number;
  /** How much of the body is kept. Default 16 KiB. */
  readonly maxResponseBytes?: number;
  /** Aborting settles the request at once with UNAVAILABLE; whether it arrived is in `details.mayHaveArrived`. */
  readonly signal?: AbortSignal;
}

export interface Egress {
  /**
   * Sends one request and resolves with any answer of 200 and above; 3xx is an answer like others and is not followed.
   * Never retries, so the effect happens at most once.
   * @throws EGRESS_TARGET_REFUSED, EGRESS_REQUEST_INVALID, EGRESS_TIMEOUT, EGRESS_CONNECTION_FAILED, EGRESS_RESPONSE_INVALID;
   * UNAVAILABLE when aborted or closing. `details.mayHaveArrived` says whether the receiver may have the request.
   */
  request(request: EgressRequest): Promise<EgressResponse>;
  /** Takes no more requests and resolves when the open ones have ended, each within its own time. Idempotent. */
  close(): Promise<void>;
}

const DEFAULT_RESPONSE_BYTES = 16_384;
const MAX_KNOWN_TARGETS = 2_000;
/** Set by the client, or able to change where a request goes and where it ends on the wire. */
const ownHeaders = new Set([
  'host', 'content-length', 'transfer-encoding', 'connection', 'keep-alive', 'proxy-connection', 'upgrade', 'te', 'trailer', 'expect', 'accept-encoding',
]);

/**
 * The one way out of the system: every HTTP request to an address that somebody else chose goes through here.
 * It reaches public addresses only (see `TargetOptions.allowPrivateHosts`), follows nothing, decompresses nothing, and ends in time.
 */
export function createEgress(options: EgressOptions): Egress {
  const { logger, maxConnectionsPerOrigin = 16, maxOrigins = 1_000, keepAliveMs = 4_000, connectTimeoutMs = 10_000, maxHeaderBytes = 16_384 } = options;
  const rules = readTargetRules(options);
  const connect = guardedConnector({ ...options, rules, connectTimeoutMs });
  const poolOptions: Pool.Options = {
    connect,
    connections: maxConnectionsPerOrigin,
    pipelining: 1,
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: keepAliveMs,
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: 0, // the exchange has one clock for everything
    bodyTimeout: 0,
  };
  const pools = new OriginPools((origin) => new Pool(origin, poolOptions), maxOrigins, logger);
  const known = new Map<string, Target>();
  let closed: Promise<void> | undefined;

  /** A URL is read once: the same few hundred are asked again and again. */
  const targetOf = (url: string): Target => {
    const before = known.get(url);
    if (before) return before;
    const target = readTarget(url, rules);
    if (known.size >= MAX_KNOWN_TARGETS) known.clear();
    known.set(url, target);
    return target;
  };

  const send = (request: EgressRequest) => {
    if (closed) throw SharedErrors.UNAVAILABLE('The service is stopping and sends no more requests.');
    const { origin, path, host } = targetOf(request.url);
    const { method, body, timeoutMs, maxResponseBytes = DEFAULT_RESPONSE_BYTES, signal } = request;
    const headers = headerList(request.headers);
    const startedAtMs = performance.now();
    return new Promise<EgressResponse>((resolve, reject) => {
      const through = pools.take(origin, startedAtMs);
      const exchange = new Exchange({
        host,
        startedAtMs,
        timeoutMs,
        maxResponseBytes,
        signal,
        settle(error, response) {
          through.openCount--;
          if (response) resolve(response);
          else reject(error ?? SharedErrors.INTERNAL());
        },
      });
      if (!signal?.aborted) through.pool.dispatch({ path, method, headers, body: body ?? null }, exchange);
    });
  };

  return {
    // async: what is refused rejects, too
    request: async (request) => send(request),
    close: () => (closed ??= pools.close()),
  };
}

function headerList(headers: Readonly<Record<string, string>>): string[] {
  const list = ['accept-encoding', 'identity'];
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined) continue;
    if (ownHeaders.has(name.toLowerCase())) throw EgressErrors.EGRESS_REQUEST_INVALID(`The header ${name.toLowerCase()} is set by the client itself. Remove it.`);
    list.push(name, value);
  }
  return list;
}
