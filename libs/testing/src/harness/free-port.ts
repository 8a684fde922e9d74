import { createServer } from 'node:net';

/**
 * Below the range from which systems take the ports of outgoing connections (32 768 on Linux, 49 152 on macOS):
 * a client that retries a stopped server there can connect to itself, and the server never gets its port back.
 */
const first = 20_000;
const last = 32_000;
const handedOut = new Set<number>();

/**
 * A TCP port of 127.0.0.1 on which nobody listens now. Never the same one twice in this process; another process may still
 * take it first, so who starts a server tries again with another port when it is taken.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 200; tries++) {
    const port = first + Math.floor(Math.random() * (last - first));
    if (handedOut.has(port)) continue;
    handedOut.add(port);
    if (await isFree(port)) return port;
  }
  throw new Error(`No free TCP port found between ${first} and ${last} in 200 tries; stop some servers on 127.0.0.1.`);
}

/** Whether a server could listen on this port of 127.0.0.1 now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
