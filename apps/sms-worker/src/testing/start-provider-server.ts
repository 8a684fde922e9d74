import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it came. */
export interface SeenRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What the server does with a request: an answer, or what networks do. */
export type ProviderAnswer = { readonly status: number; readonly body: unknown; readonly headers?: Readonly<Record<string, string>> } | 'hang' | 'cut';

/** A local server in the place of a provider. */
export interface ProviderServer {
  readonly url: string;
  /** `127.0.0.1:port`, for SMS_PRIVATE_HOSTS. */
  readonly host: string;
  readonly seen: readonly SeenRequest[];
  /** What it answers from now on. */
  answer(next: (request: SeenRequest) => ProviderAnswer): void;
  stop(): Promise<void>;
}

/** Starts one on a free port of 127.0.0.1; it answers 500 until told otherwise. */
export async function startProviderServer(): Promise<ProviderServer> {
  const seen: SeenRequest[] = [];
  let answer: (request: SeenRequest) => ProviderAnswer = () => ({ status: 500, body: 'not told what to answer' });
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const it = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() };
      seen.push(it);
      const reply = answer(it);
      if (reply === 'hang') return;
      if (reply === 'cut') return void request.socket.destroy();
      response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
      response.end(typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    seen,
    answer: (next) => void (answer = next),
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}
