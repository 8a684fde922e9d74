import type { AnswerOf, BodyOf, ParamsOf, RouteContract } from '@angarium/contracts';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Thrown by a handler: the broker's error answer. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly retryAfter?: number,
  ) {
    super(`${code}.`);
  }
}

/** Thrown by a handler: no answer; the connection is cut. */
class HungUp extends Error {}

interface FakeCall<C extends RouteContract> {
  readonly params: ParamsOf<C>;
  readonly body: BodyOf<C>;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  /** Cuts the connection instead of an answer. */
  readonly hangUp: () => never;
}

type Handle<C extends RouteContract> = (call: FakeCall<C>) => AnswerOf<C> | Promise<AnswerOf<C>>;

/**
 * Plays the broker's part over real HTTP, for tests: what comes in and what goes out must fit the contracts, or the call fails.
 * Routes that a test does not teach answer 404.
 */
export class FakeBroker {
  readonly calls: { readonly id: string; readonly body: unknown; readonly headers: IncomingMessage['headers'] }[] = [];
  private readonly taught: { contract: RouteContract; pattern: RegExp; handle: Handle<RouteContract> }[] = [];
  private readonly server: Server = createServer((request, response) => void this.serve(request, response));

  static async start(): Promise<FakeBroker> {
    const broker = new FakeBroker();
    await broker.listen(0);
    return broker;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** The last lesson about a route counts. */
  on<C extends RouteContract>(contract: C, handle: Handle<C>): void {
    const pattern = new RegExp(`^${contract.path.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`);
    this.taught.unshift({ contract, pattern, handle });
  }

  callsOf(contract: RouteContract): readonly unknown[] {
    return this.calls.filter(({ id }) => id === contract.id).map(({ body }) => body);
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve) => this.server.listen(port, '127.0.0.1', resolve));
  }

  stop(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { status, body, retryAfter } = await this.answer(request, Buffer.concat(chunks).toString()).catch((error: unknown) => {
      if (error instanceof HungUp) return { status: 0, body: undefined };
      if (error instanceof Refusal) return { status: error.status, body: { code: error.code, message: error.message, retryAfter: error.retryAfter }, retryAfter: error.retryAfter };
      return { status: 500, body: { code: 'FAKE_BROKEN', message: String(error) } };
    });
    if (status === 0) return void request.socket.destroy();
    response.writeHead(status, { 'content-type': 'application/json', ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }) });
    response.end(JSON.stringify(body));
  }

  private async answer(request: IncomingMessage, text: string): Promise<{ status: number; body: unknown; retryAfter?: number }> {
    const url = new URL(request.url ?? '/', 'http://broker');
    for (const { contract, pattern, handle } of this.taught) {
      const match = request.method === contract.method ? pattern.exec(url.pathname) : null;
      if (match === null) continue;
      const params = Object.fromEntries(Object.entries(match.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]));
      const body = contract.body?.parse(text === '' ? {} : JSON.parse(text));
      this.calls.push({ id: contract.id, body, headers: request.headers });
      const answer = await handle({ params: contract.params?.parse(params), body, query: url.searchParams, headers: request.headers, hangUp });
      return { status: contract.status, body: contract.response.parse(answer) };
    }
    throw new Refusal(404, 'NOT_FOUND');
  }
}

function hangUp(): never {
  throw new HungUp();
}
