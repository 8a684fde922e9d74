interface Waiting<T> {
  readonly key: string;
  readonly resolve: (value: T | undefined) => void;
  readonly reject: (error: unknown) => void;
}

const MAX_BATCH_COUNT = 200;

/**
 * Finds things by key with one query at a time: what is asked for while one runs goes together into the next.
 * A flood of made-up credentials so takes one connection and not all of them from those who have work.
 * When a query fails, everybody who waits is told at once: theirs would meet the same.
 */
export class BatchLookup<T> {
  private waiting: Waiting<T>[] = [];
  private isRunning = false;

  constructor(private readonly load: (keys: readonly string[]) => Promise<ReadonlyMap<string, T>>) {}

  /** What belongs to the key; undefined where there is nothing. @throws what `load` throws. */
  find(key: string): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ key, resolve, reject });
      if (!this.isRunning) void this.run();
    });
  }

  private async run(): Promise<void> {
    this.isRunning = true;
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, MAX_BATCH_COUNT);
      try {
        const found = await this.load(batch.map((it) => it.key));
        for (const { key, resolve } of batch) resolve(found.get(key));
      } catch (error) {
        for (const { reject } of [...batch, ...this.waiting.splice(0)]) reject(error);
      }
    }
    this.isRunning = false;
  }
}
