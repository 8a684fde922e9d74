import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { noted } from '../harness/started.js';

type Answer = (path: string, n: number) => number | Promise<number>;
type Listener = (path: string, n: number) => void;

/** A webhook receiver that remembers what it was given, in the order in which it came. */
export interface Sink {
  readonly url: string;
  /** Numbers (`{"n":…}` in the payload) of the messages at one path that were answered with 2xx, in order of arrival, repeats included. The list grows. */
  at(path: string): readonly number[];
  /** What it answers from now on; default 200 for everything. */
  answer(status: Answer): void;
  /** Called with each message when it comes, whatever is answered. */
  onArrival(listener: Listener): void;
  stop(): Promise<void>;
}

/** Starts a receiver on a free port of 127.0.0.1. */
export async function startSink(): Promise<Sink> {
  const arrived = new Map<string, number[]>();
  const listeners: Listener[] = [];
  let status: Answer = () => 200;
  const numbersAt = (path: string) => {
    const numbers = arrived.get(path) ?? [];
    arrived.set(path, numbers);
    return numbers;
  };
  const receive = async (path: string, n: number) => {
    for (const listener of listeners) listener(path, n);
    const code = await status(path, n);
    if (code < 300) numbersAt(path).push(n);
    return code;
  };
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { n } = (JSON.parse(Buffer.concat(chunks).toString()) as { data: { n: number } }).data;
      void receive(request.url ?? '', n).then((code) => {
        response.statusCode = code;
        response.end();
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return noted('server', `sink:${port}`, {
    url: `http://127.0.0.1:${port}`,
    at: numbersAt,
    answer: (next: Answer) => void (status = next),
    onArrival: (listener: Listener) => void listeners.push(listener),
    stop: () => {
      server.closeAllConnections();
      return new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  });
}
