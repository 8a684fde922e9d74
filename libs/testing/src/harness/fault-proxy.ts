import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { DelayLine, resetSocket } from './delay-line.js';
import { noted } from './started.js';

/** What is stopped in `half-open`: all, only what goes to the server, or only its answers (it does the work and nobody hears). */
export type HeldDirection = 'both' | 'requests' | 'answers';

export interface FaultProxyOptions {
  /** URL of the real server: `redis://127.0.0.1:6379`, `postgresql://…`, `smtp://…`, `http://…`; the port must be in it. */
  readonly target: string;
  /** Default: a free one. */
  readonly port?: number;
}

/** A TCP proxy on 127.0.0.1 that breaks connections in the ways networks do. Every mode lasts until the next one is chosen. */
export interface FaultProxy {
  /** The target's URL with the proxy's host and port in it. */
  readonly url: string;
  readonly port: number;
  readonly mode: 'pass' | 'reset' | 'half-open' | 'latency';
  /** How many clients are connected now. */
  readonly connectionCount: number;
  /** Everything goes through at once, also what was held or late. */
  pass(): void;
  /** Resets every connection now, and each new one when it comes. `reset()` then `pass()` cuts what is open once. */
  reset(): void;
  /** Connections stay open, new ones are taken, and nothing goes through: no byte, no close. `pass()` heals it without loss. */
  halfOpen(direction?: HeldDirection): void;
  /** Bytes arrive this much later in each direction. */
  delay(latencyMs: number): void;
  /** Resets every connection and frees the port. Idempotent. */
  stop(): Promise<void>;
}

/** Starts a proxy in mode `pass`. A server that is not there shows as a reset. */
export async function faultProxy({ target, port = 0 }: FaultProxyOptions): Promise<FaultProxy> {
  const to = new URL(target);
  if (to.port === '') throw new Error(`The target ${to.protocol}//${to.host} names no port; write it into the URL.`);
  let mode: FaultProxy['mode'] = 'pass';
  let held: HeldDirection = 'both';
  let latencyMs = 0;
  const clients = new Set<Socket>();
  const servers = new Set<Socket>();
  const lines = new Set<DelayLine>();
  const line = (direction: HeldDirection, a: Socket, b: Socket) =>
    new DelayLine(a, b, () => ({ isHeld: mode === 'half-open' && (held === 'both' || held === direction), latencyMs }));

  const proxy = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    client.on('error', () => undefined); // handed on by the line
    if (mode === 'reset') return void client.resetAndDestroy();
    const server = connect({ host: to.hostname, port: Number(to.port), allowHalfOpen: true, noDelay: true });
    server.on('error', () => undefined); // handed on by the line
    const both = [line('requests', client, server), line('answers', server, client)];
    for (const it of both) lines.add(it);
    const track = (socket: Socket, all: Set<Socket>) => {
      all.add(socket);
      socket.once('close', () => {
        all.delete(socket);
        // a held line lives on after its client: the server learns of the end when the line is free again
        if (client.destroyed && server.destroyed) for (const it of both) lines.delete(it);
      });
    };
    track(client, clients);
    track(server, servers);
  });
  const cut = () => {
    for (const it of [...clients, ...servers]) resetSocket(it);
  };
  const change = (next: FaultProxy['mode'], ms = 0) => {
    mode = next;
    latencyMs = ms;
    for (const it of lines) it.flush();
  };
  proxy.listen(port, '127.0.0.1');
  await once(proxy, 'listening');
  const { port: taken } = proxy.address() as AddressInfo;
  const url = new URL(target);
  url.hostname = '127.0.0.1';
  url.port = String(taken);

  return noted('server', `proxy:${taken}`, {
    url: url.href,
    port: taken,
    get mode() {
      return mode;
    },
    get connectionCount() {
      return clients.size;
    },
    pass: () => change('pass'),
    reset() {
      cut(); // first: what was held is lost, not handed on
      change('reset');
    },
    halfOpen(direction = 'both') {
      held = direction;
      change('half-open');
    },
    delay: (ms) => change('latency', ms),
    async stop() {
      cut();
      if (proxy.listening) await new Promise((resolve) => proxy.close(resolve));
    },
  } satisfies FaultProxy as FaultProxy);
}
