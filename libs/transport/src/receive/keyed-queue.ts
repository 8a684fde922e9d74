/** Runs tasks of one key one after another, tasks of different keys beside each other. */
export class KeyedQueue {
  private readonly tails = new Map<string, Promise<void>>();

  /** @param task never rejects. */
  run(key: string, task: () => Promise<void>): Promise<void> {
    const before = this.tails.get(key);
    const done = before === undefined ? task() : before.then(task);
    this.tails.set(key, done);
    return done.then(() => {
      if (this.tails.get(key) === done) this.tails.delete(key);
    });
  }
}
