/** Wakes one waiting loop; a `fire` before the `wait` counts. */
export class Signal {
  private isFired = false;
  private release: (() => void) | undefined;

  fire(): void {
    this.isFired = true;
    this.release?.();
  }

  /** Forgets a `fire` that nobody waited for. */
  clear(): void {
    this.isFired = false;
  }

  /** Resolves when fired, or after `ms` if given. */
  async wait(ms?: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    if (!this.isFired) {
      await new Promise<void>((resolve) => {
        this.release = resolve;
        if (ms !== undefined) timer = setTimeout(resolve, ms);
      });
    }
    clearTimeout(timer);
    this.release = undefined;
    this.isFired = false;
  }
}
