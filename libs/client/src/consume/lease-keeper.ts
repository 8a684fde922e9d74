import { AngariumApiError } from '../angarium-api-error.js';
import type { HeldMessage } from './held-message.js';
import { isPassing } from './is-passing.js';

type Extend = (receipts: string[]) => Promise<{ refused: readonly { receipt: string; code: string; message: string }[] }>;

const mostReceipts = 1_000;

/**
 * Extends what is held for longer than half its lease, so that the broker does not give it to somebody else.
 * idle (nothing held, no timer) → waiting (a timer for the oldest) → one pass → waiting or idle. `stop()` ends it from anywhere.
 */
export class LeaseKeeper {
  private readonly held = new Map<string, { readonly it: HeldMessage; dueAt: number }>();
  private timer: NodeJS.Timeout | undefined;
  private isPassRunning = false;
  private isStopped = false;

  /** @param everyMs half of the subscription's ack timeout. */
  constructor(
    private readonly everyMs: number,
    private readonly extend: Extend,
    private readonly report: (error: Error) => void,
  ) {}

  /** When a message that is taken or extended now goes to somebody else. */
  leasedUntil(): number {
    return Date.now() + 2 * this.everyMs;
  }

  hold(it: HeldMessage): void {
    this.held.set(it.message.receipt, { it, dueAt: Date.now() + this.everyMs });
    this.schedule();
  }

  release(it: HeldMessage): void {
    this.held.delete(it.message.receipt);
    if (this.held.size === 0) this.clear();
  }

  stop(): void {
    this.isStopped = true;
    this.held.clear();
    this.clear();
  }

  /** Extends what is due now or soon. What the broker refuses is lost: its handler's signal aborts. Never rejects. */
  async onePass(): Promise<void> {
    const soon = Date.now() + this.everyMs / 4;
    const due = [...this.held.values()].filter(({ dueAt }) => dueAt <= soon).slice(0, mostReceipts);
    if (due.length === 0) return;
    const until = this.leasedUntil(); // counted from before the call, as the broker may count
    try {
      const { refused } = await this.extend(due.map(({ it }) => it.message.receipt));
      for (const entry of due) {
        entry.dueAt = until - this.everyMs;
        entry.it.leasedUntil = until;
      }
      for (const { receipt, code, message } of refused) this.lose(receipt, new AngariumApiError(code, 409, message));
    } catch (error) {
      this.report(error as Error);
      const again = isPassing(error) ? Date.now() + this.everyMs / 4 : Number.POSITIVE_INFINITY;
      for (const entry of due) entry.dueAt = again;
    }
  }

  private lose(receipt: string, error: Error): void {
    const entry = this.held.get(receipt);
    if (entry === undefined) return; // settled while the call was under way, which is why it is refused
    this.held.delete(receipt);
    entry.it.lose(error);
    this.report(error);
  }

  private schedule(): void {
    if (this.timer !== undefined || this.isPassRunning || this.isStopped || this.held.size === 0) return;
    // the first that was held or extended is the first that is due, but for those that failed, which come a little later
    let first = Number.POSITIVE_INFINITY;
    for (const { dueAt } of this.held.values()) first = Math.min(first, dueAt);
    if (first === Number.POSITIVE_INFINITY) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.isPassRunning = true;
      void this.onePass().then(() => {
        this.isPassRunning = false;
        this.schedule();
      });
    }, Math.max(0, first - Date.now()));
  }

  private clear(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}
