import type { Server } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';

/** A connection that is in use sends its next request well within this time. */
const QUIET_MS = 1_000;

/**
 * Watches for connections on which nothing was ever said: browsers open some in advance. Call it before the server listens.
 * @returns closes those; Node's closeIdleConnections spares them, because no request on them has ended.
 */
export function watchSilentConnections(server: Server): () => void {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  return () => open.forEach((socket) => socket.bytesRead === 0 && socket.destroy());
}

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
