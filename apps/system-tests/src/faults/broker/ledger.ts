import { countDeliveries, NoAnswer, outOfOrder, postToReplica, waitFor, type Counters } from '@angarium/testing';

const PUBLISH_MS = 15_000;
const KEY_COUNT = 7;
const keyOf = (n: number) => `k${n % KEY_COUNT}`;

/** Publishes numbered messages through several replicas and notes what was acknowledged. */
export class Ledger {
  readonly attempted = new Set<number>();
  readonly acknowledged = new Set<number>();
  /** Answers that were no 201, besides connections that were refused. */
  readonly failures: string[] = [];
  private readonly offsets = new Map<number, number>();
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
    return countDeliveries(this, delivered);
  }

  /** Messages that came after a later one of their key. */
  outOfOrder(arrived: readonly number[]): number[] {
    return outOfOrder(arrived, (n) => {
      const offset = this.offsets.get(n);
      return offset === undefined ? undefined : { key: keyOf(n), offset };
    });
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
    const { urls, apiKey, topic } = this;
    const body = { topic, key: keyOf(n), messageId: `m-${n}`, payload: { n } };
    try {
      const { status, text } = await postToReplica({ urls, nth, apiKey, path: '/publish', body, timeoutMs: PUBLISH_MS, mayGoOn: () => this.isRunning });
      if (status === 201) {
        this.acknowledged.add(n);
        this.offsets.set(n, (JSON.parse(text) as { offset: number }).offset);
      } else this.failures.push(`${n}: ${status} ${text.slice(0, 200)}`);
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      if (error.code !== 'ECONNREFUSED') this.failures.push(`${n}: ${error.code}`);
    }
  }
}
