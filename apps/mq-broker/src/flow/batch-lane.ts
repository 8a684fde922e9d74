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
  /**
   * With so many items waiting, a second batch goes beside the one on its way, so that neither we nor the server waits for the other.
   * Below it a second one would only share out what one does as fast. Default: never.
   */
  readonly overlapFrom?: number;
  /** Failures that may be the fault of one group: the others then get a batch of their own. */
  readonly mayBlameOne?: (error: unknown) => boolean;
}

/**
 * Group commit: what arrives while a batch is on its way forms the next one. No timer, no added wait when idle.
 * A group that is added together stays together. States: idle, running one batch, running two (`overlapFrom`); it ends when nothing waits.
 */
export class BatchLane<T, R> {
  private waiting: Waiting<T, R>[] = [];
  private waitingCount = 0;
  private readonly running = new Set<Promise<void>>();

  constructor(private readonly options: BatchLaneOptions<T, R>) {}

  /** Items that wait for the batch on its way. */
  get backlog(): number {
    return this.waitingCount;
  }

  /** Resolves with the results of these items when their batch is done; rejects with what `run` throws. */
  add(items: readonly T[]): Promise<R[]> {
    return new Promise((resolve, reject) => {
      const { weigh } = this.options;
      this.waiting.push({ items, weight: weigh === undefined ? 0 : items.reduce((sum, item) => sum + weigh(item), 0), resolve, reject });
      this.waitingCount += items.length;
      if (this.running.size === 0 || (this.running.size === 1 && this.isOverlapDue())) this.begin();
    });
  }

  /** Resolves when everything added so far is done, or has failed. */
  async idle(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
  }

  private isOverlapDue(): boolean {
    return this.waitingCount >= (this.options.overlapFrom ?? Number.POSITIVE_INFINITY);
  }

  private begin(): void {
    // for all who are in its batches, in the context of none
    const run: Promise<void> = runOutside(() => this.drain(() => this.running.delete(run)));
    this.running.add(run);
  }

  private async drain(end: () => void): Promise<void> {
    // what comes in the same turn of the event loop goes together: the first of a burst does not go alone
    await new Promise((resolve) => setImmediate(resolve));
    while (this.waiting.length > 0 && (this.running.size === 1 || this.isOverlapDue())) await this.runBatch(this.takeBatch());
    // in the same turn as the look at what waits, or what is added now would wait for nobody
    end();
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
    this.waitingCount -= count;
    return this.waiting.splice(0, end);
  }

  private async runBatch(batch: readonly Waiting<T, R>[]): Promise<void> {
    try {
      const results = await this.options.run(itemsOf(batch));
      let at = 0;
      for (const { items, resolve } of batch) resolve(results.slice(at, (at += items.length)));
    } catch (error) {
      if (batch.length > 1 && this.options.mayBlameOne?.(error) === true) for (const group of batch) await this.runBatch([group]);
      else for (const { reject } of batch) reject(error);
    }
  }
}

/** By hand, as flatMap takes a kilobyte an item. */
function itemsOf<T>(batch: readonly { readonly items: readonly T[] }[]): T[] {
  const all: T[] = [];
  for (const { items } of batch) for (const item of items) all.push(item);
  return all;
}
