import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { waitFor } from '@angarium/testing';

/** A webhook receiver that remembers what it was given, in the order in which it came. */
export interface Sink {
  readonly url: string;
  /** Numbers of the messages at one path, in order of arrival, repeats included. */
  at(path: string): readonly number[];
  /** What it answers from now on; default 200 for everything. */
  answer(status: (path: string, n: number) => number): void;
  close(): Promise<void>;
}

export async function startSink(): Promise<Sink> {
  const arrived = new Map<string, number[]>();
  let status: (path: string, n: number) => number = () => 200;
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { n } = (JSON.parse(Buffer.concat(chunks).toString()) as { data: { n: number } }).data;
      const path = request.url ?? '';
      response.statusCode = status(path, n);
      if (response.statusCode < 300) arrived.set(path, [...(arrived.get(path) ?? []), n]);
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    at: (path) => arrived.get(path) ?? [],
    answer: (next) => (status = next),
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** The counters of a fault test, by the names that Jepsen's tests of queues use. */
export interface Counters {
  readonly attempted: number;
  readonly acknowledged: number;
  readonly delivered: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly unexpected: number;
}

/** Publishes numbered messages through several replicas and notes what was acknowledged. */
export class Ledger {
  readonly attempted = new Set<number>();
  readonly acknowledged = new Set<number>();
  /** Where each acknowledged message stands: messages of one key are in one partition, so offsets tell their order. */
  readonly offsets = new Map<number, number>();
  /** Answers that were no 201, besides connections that were refused. */
  readonly failures: string[] = [];
  private next = 0;
  private isRunning = true;
  private readonly publishers: Promise<void>[] = [];

  constructor(
    private readonly urls: () => readonly string[],
    private readonly apiKey: string,
    private readonly topic: string,
  ) {}

  /** Begins to publish, `concurrency` messages at a time, until `stop`. A refused connection is tried at the next replica. */
  start(concurrency: number): void {
    for (let nth = 0; nth < concurrency; nth++) this.publishers.push(this.run(nth));
  }

  async stop(): Promise<void> {
    this.isRunning = false;
    await Promise.all(this.publishers);
  }

  counters(delivered: readonly number[]): Counters {
    const distinct = new Set(delivered);
    return {
      attempted: this.attempted.size,
      acknowledged: this.acknowledged.size,
      delivered: distinct.size,
      lost: [...this.acknowledged].filter((n) => !distinct.has(n)).length,
      duplicated: delivered.length - distinct.size,
      unexpected: [...distinct].filter((n) => !this.attempted.has(n)).length,
    };
  }

  /** Waits until everything that was acknowledged has arrived, and prints the counters. */
  async settled(what: string, arrived: () => readonly number[], timeoutMs = 30_000): Promise<Counters> {
    await waitFor(() => this.counters(arrived()).lost === 0, { what: `everything acknowledged to arrive (${what})`, timeoutMs, everyMs: 50 }).catch((error: unknown) => {
      throw new Error(`${what}: ${JSON.stringify(this.counters(arrived()))}; failures: ${this.failures.slice(0, 3).join(' | ')}`, { cause: error });
    });
    const counters = this.counters(arrived());
    process.stdout.write(`${what}: ${JSON.stringify(counters)}\n`);
    return counters;
  }

  private async run(nth: number): Promise<void> {
    while (this.isRunning) {
      const n = this.next++;
      this.attempted.add(n);
      await this.publish(n, nth);
    }
  }

  private async publish(n: number, nth: number): Promise<void> {
    const body = JSON.stringify({ topic: this.topic, key: `k${n % 7}`, messageId: `m-${n}`, payload: { n } });
    for (let tries = 0; tries < 40 && (this.isRunning || tries === 0); tries++) {
      const urls = this.urls();
      const url = urls[(nth + tries) % urls.length];
      if (url === undefined) {
        // nobody runs now; somebody may in a moment
        await new Promise((resolve) => setTimeout(resolve, 25));
        continue;
      }
      try {
        const response = await fetch(`${url}/api/v1/mq/publish`, {
          method: 'POST',
          headers: { authorization: `Bearer ${this.apiKey}`, 'content-type': 'application/json' },
          body,
          signal: AbortSignal.timeout(15_000),
        });
        if (response.status === 201) {
          this.acknowledged.add(n);
          this.offsets.set(n, ((await response.json()) as { offset: number }).offset);
        } else this.failures.push(`${n}: ${response.status} ${(await response.text()).slice(0, 200)}`);
        return;
      } catch (error) {
        const { code } = ((error as Error).cause ?? {}) as { code?: string };
        if (code !== 'ECONNREFUSED') {
          this.failures.push(`${n}: ${code ?? String(error)}`);
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    }
  }
}

/** Messages that came after a later one of their key; repeats of what came before are no fault. */
export function outOfOrder(arrived: readonly number[], offsets: ReadonlyMap<number, number>): number[] {
  const last = new Map<number, number>();
  const seen = new Set<number>();
  return arrived.filter((n) => {
    const offset = offsets.get(n);
    if (seen.has(n) || offset === undefined) return false;
    seen.add(n);
    const before = last.get(n % 7) ?? 0;
    last.set(n % 7, Math.max(before, offset));
    return offset < before;
  });
}
