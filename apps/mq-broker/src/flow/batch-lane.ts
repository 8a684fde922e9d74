import { runOutside } from '@angarium/observability';

interface Waiting<T, R> {
  readonly items: readonly T[];
  readonly weight: number;
  readonly resolve: (results: R[]) => void;
  readonly reject: (error: unknown) => void;
}

export interface BatchLaneOptions<T, R> {
  /** Does a batch; answers one result an item, in order. Its failure is told to all who are in the batch. */
  readonly run: (items: readonly T[]) => Promise<R[]>;
  /** Most items of a batch; a group that alone is larger goes alone. */
  readonly maxCount: number;
  /** Most weight of a batch, with `weigh`. */
  readonly maxWeight?: number;
  readonly weigh?: (item: T) => number;
  /** Failures that may be the fault of one group: the others then get a batch of their own. */
  readonly mayBlameOne?: (error: unknown) => boolean;
}

/**
 * Group commit: what arrives while a batch is on its way forms the next one. No timer, no added wait when idle.
 * A group that is added together stays together. States: idle, running one batch; it ends when nothing waits.
 */
export class BatchLane<T, R> {
  private waiting: Waiting<T, R>[] = [];
  private running: Promise<void> | undefined;

  constructor(private readonly options: BatchLaneOptions<T, R>) {}

  /** Items that wait for the batch on its way. */
  get backlog(): number {
    return this.waiting.reduce((sum, { items }) => sum + items.length, 0);
  }

  /** Resolves with the results of these items when their batch is done; rejects with what `run` throws. */
  add(items: readonly T[]): Promise<R[]> {
    return new Promise((resolve, reject) => {
      const { weigh } = this.options;
      this.waiting.push({ items, weight: weigh === undefined ? 0 : items.reduce((sum, item) => sum + weigh(item), 0), resolve, reject });
      // what comes in the same turn of the event loop goes together
      // and it runs for all of them, in the context of none
      if (this.running === undefined) this.running = runOutside(() => Promise.resolve().then(() => this.drain()));
    });
  }

  /** Resolves when everything added so far is done, or has failed. */
  async idle(): Promise<void> {
    while (this.running !== undefined) await this.running;
  }

  private async drain(): Promise<void> {
    // yields once: the first of a burst does not go alone
    await new Promise((resolve) => setImmediate(resolve));
    while (this.waiting.length > 0) await this.runBatch(this.takeBatch());
    this.running = undefined;
  }

  private takeBatch(): Waiting<T, R>[] {
    const { maxCount, maxWeight = Number.POSITIVE_INFINITY } = this.options;
    let count = 0;
    let weight = 0;
    let end = 0;
    for (; end < this.waiting.length; end++) {
      const next = this.waiting[end];
      if (next === undefined || (end > 0 && (count + next.items.length > maxCount || weight + next.weight > maxWeight))) break;
      count += next.items.length;
      weight += next.weight;
    }
    return this.waiting.splice(0, end);
  }

  private async runBatch(batch: readonly Waiting<T, R>[]): Promise<void> {
    try {
      const results = await this.options.run(batch.flatMap(({ items }) => items));
      let at = 0;
      for (const { items, resolve } of batch) resolve(results.slice(at, (at += items.length)));
    } catch (error) {
      if (batch.length > 1 && this.options.mayBlameOne?.(error) === true) for (const group of batch) await this.runBatch([group]);
      else for (const { reject } of batch) reject(error);
    }
  }
}
