import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A webhook call as it came in. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** performance.now() when it was complete. */
  readonly atMs: number;
}

export interface ReceiverAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Answers when this resolves. */
  readonly after?: Promise<unknown>;
}

/** The other end of webhooks: a real HTTP server on this machine that notes every call. */
export interface Receiver {
  readonly url: string;
  readonly received: readonly Received[];
  /** Calls to one path. */
  at(path: string): readonly Received[];
  /** What it answers to a path from now on; 204 where nothing was said. */
  answer(path: string, answer: (call: Received, nth: number) => ReceiverAnswer): void;
  close(): Promise<void>;
}

/** @param port default: a free one. */
export async function startReceiver(port = 0): Promise<Receiver> {
  const received: Received[] = [];
  const answers = new Map<string, (call: Received, nth: number) => ReceiverAnswer>();
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const path = request.url ?? '/';
      const call = { path, headers: request.headers, body: Buffer.concat(chunks).toString(), atMs: performance.now() };
      received.push(call);
      const nth = received.filter((it) => it.path === path).length;
      const { status = 204, headers = {}, body = '', after = Promise.resolve() } = answers.get(path)?.(call, nth) ?? {};
      void after.then(() => response.writeHead(status, headers).end(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    at: (path) => received.filter((it) => it.path === path),
    answer: (path, answer) => void answers.set(path, answer),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
