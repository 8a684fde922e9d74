import type { Server } from 'node:http';
import { Server as NetServer } from 'node:net';

/** A connection that is in use sends its next request well within this time. */
const QUIET_MS = 1_000;

/**
 * Lets clients leave before the server does: new connections are refused, so that they go elsewhere, and every answer on an open one
 * says that it is the last. Closing a connection that merely looks idle would cut off the request that is just on its way.
 * Resolves when all have left, or when those that are left have been quiet for a second. Call it before the application closes.
 */
export async function drainConnections(server: Server, graceMs: number): Promise<void> {
  if (!server.listening) return;
  let lastRequestAt = performance.now();
  server.prependListener('request', (_request, response) => {
    lastRequestAt = performance.now();
    response.shouldKeepAlive = false;
  });
  const until = performance.now() + graceMs;
  let isEmpty = false;
  // not http's own close, which cuts off what looks idle
  NetServer.prototype.close.call(server, () => (isEmpty = true));
  while (!isEmpty && performance.now() < Math.min(until, lastRequestAt + QUIET_MS)) await new Promise((resolve) => setTimeout(resolve, 20));
}
