/** Thrown by `start` once the stop has begun: what is not started yet shall not be. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

interface Stoppable {
  readonly stop: () => Promise<unknown>;
  /** Makes a `stop` under way short, at the cost of what it was waiting for. */
  readonly force?: () => void;
}

/**
 * What was started, and in which order it is stopped: highest stage first, everything of one stage at once.
 * A start still under way when the stop begins is awaited and then stopped, so nothing slips through.
 */
export class Lifecycle {
  private readonly stages = new Map<number, Promise<Stoppable | undefined>[]>();
  private stopping: Promise<unknown[]> | undefined;

  get isStopping(): boolean {
    return this.stopping !== undefined;
  }

  /**
   * Starts something and remembers how to stop it.
   * @throws Interrupted when the stop has begun; whatever `start` rejects with (which then has to have cleaned up).
   */
  async start<T>(stage: number, start: () => Promise<T>, toStoppable: (it: T) => Stoppable): Promise<T> {
    if (this.isStopping) throw new Interrupted('The stop has begun.');
    const starting = start();
    const entry = starting.then(toStoppable, () => undefined);
    this.stages.set(stage, [...(this.stages.get(stage) ?? []), entry]);
    return starting;
  }

  /** Stops everything, stage by stage. One that cannot be stopped does not keep the others: its error is among the answers. Idempotent. */
  stopAll(): Promise<unknown[]> {
    return (this.stopping ??= this.stopStages());
  }

  /** Shortens the stop where that costs nothing but work in flight. */
  forceAll(): void {
    for (const entry of [...this.stages.values()].flat()) void entry.then((it) => it?.force?.());
  }

  private async stopStages(): Promise<unknown[]> {
    const errors: unknown[] = [];
    for (const stage of [...this.stages.keys()].sort((a, b) => b - a)) {
      const stops = (this.stages.get(stage) ?? []).map(async (entry) => (await entry)?.stop());
      for (const it of await Promise.allSettled(stops)) if (it.status === 'rejected') errors.push(it.reason);
    }
    return errors;
  }
}
