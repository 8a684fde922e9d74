import { backoff, pause, type Retry } from '../retry.js';
import { AngariumApiError } from '../angarium-api-error.js';
import { isPassing } from './is-passing.js';

/** How a message ends for us. `release`: we did not begin with it. */
export type Outcome = { readonly kind: 'ack' } | { readonly kind: 'release' } | { readonly kind: 'nack'; readonly delayMs?: number; readonly reason?: string };

interface Receipt {
  readonly receipt: string;
  /** After this the broker would refuse it. */
  readonly until: number;
}

interface Lane {
  readonly outcome: Outcome;
  readonly receipts: Receipt[];
}

interface Refusal {
  readonly receipt: string;
  readonly code: string;
  readonly message: string;
}

const mostReceipts = 1_000;
/** Leases are short: a longer pause would outlast them. */
const longestPauseMs = 2_000;

/**
 * Sends acks, nacks and what is given back, many in one call: what ends while a call is under way goes with the next one, so there is no timer and no wait when little happens.
 * While the broker is away they are kept and sent again until their leases have ended; then the broker gives the messages out anew, and nothing is lost.
 */
export class Settler {
  private readonly lanes = new Map<string, Lane>();
  private working: Promise<void> | undefined;
  private deadline = Number.POSITIVE_INFINITY;

  constructor(
    private readonly send: (outcome: Outcome, receipts: string[]) => Promise<{ refused: readonly Refusal[] }>,
    private readonly report: (error: Error) => void,
    private readonly retry: Retry,
  ) {}

  /** Returns at once. */
  settle(receipt: string, until: number, outcome: Outcome): void {
    this.put(outcome, [{ receipt, until }]);
    this.working ??= this.work();
  }

  /** Resolves when all is sent or past hope. Never rejects. */
  async drained(): Promise<void> {
    while (this.working) await this.working;
  }

  /** What cannot be sent until then is given up. */
  hurry(deadline: number): void {
    this.deadline = Math.min(this.deadline, deadline);
  }

  private async work(): Promise<void> {
    await Promise.resolve(); // what ends in the same turn goes together
    let failedCount = 0;
    for (let batch = this.take(); batch !== undefined; batch = this.take()) {
      const error = await this.sendOnce(batch);
      failedCount = error === undefined ? 0 : failedCount + 1;
      if (failedCount > 0 && this.lanes.size > 0) await pause(Math.min(longestPauseMs, backoff(failedCount, this.retry, Math.random())));
    }
    this.working = undefined;
  }

  private async sendOnce({ outcome, receipts }: Lane): Promise<unknown> {
    try {
      const { refused } = await this.send(outcome, receipts.map(({ receipt }) => receipt));
      for (const { code, message } of refused) this.report(new AngariumApiError(code, 409, message));
      return undefined;
    } catch (error) {
      this.report(error as Error);
      const now = Date.now();
      const kept = isPassing(error) ? receipts.filter(({ until }) => Math.min(until, this.deadline) > now) : [];
      if (kept.length > 0) this.put(outcome, kept);
      return error;
    }
  }

  private put(outcome: Outcome, receipts: readonly Receipt[]): void {
    const name = JSON.stringify(outcome);
    const lane = this.lanes.get(name);
    if (lane) lane.receipts.push(...receipts);
    else this.lanes.set(name, { outcome, receipts: [...receipts] });
  }

  private take(): Lane | undefined {
    for (const [name, { outcome, receipts }] of this.lanes) {
      const some = receipts.splice(0, mostReceipts);
      this.lanes.delete(name);
      if (receipts.length > 0) this.lanes.set(name, { outcome, receipts }); // at the end, so that no lane starves the others
      return { outcome, receipts: some };
    }
    return undefined;
  }
}
