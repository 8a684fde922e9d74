/** Wakes those who wait for messages of a subscription. Nobody holds a connection to Redis while waiting. */
export class WaitForMessages {
  private readonly waiting = new Map<string, Set<() => void>>();

  /** There may be something for this subscription. */
  wake(subscriptionId: string): void {
    for (const wake of this.waiting.get(subscriptionId) ?? []) wake();
  }

  wakeAll(): void {
    for (const id of this.waiting.keys()) this.wake(id);
  }

  /** Resolves when there may be something, after `timeoutMs`, or when the signal aborts. */
  async until(subscriptionId: string, timeoutMs: number, signal: AbortSignal): Promise<void> {
    const wakes = this.waiting.get(subscriptionId) ?? new Set();
    this.waiting.set(subscriptionId, wakes);
    let end = (): void => undefined;
    const woken = new Promise<void>((resolve) => (end = resolve));
    const timer = setTimeout(end, timeoutMs);
    wakes.add(end);
    signal.addEventListener('abort', end, { once: true });
    await woken;
    signal.removeEventListener('abort', end);
    clearTimeout(timer);
    wakes.delete(end);
    if (wakes.size === 0 && this.waiting.get(subscriptionId) === wakes) this.waiting.delete(subscriptionId);
  }
}
