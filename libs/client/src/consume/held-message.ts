import type { PulledMessage } from '@angarium/contracts/broker-api';

/** A message that was given to this consumer and is not settled yet. */
export class HeldMessage {
  private controller?: AbortController;
  private reason: unknown;
  isLost = false;

  /** @param leasedUntil when the broker gives it to somebody else, unless it is extended; by our clock. */
  constructor(
    readonly message: PulledMessage,
    public leasedUntil: number,
  ) {}

  /** Aborts when the message is no longer ours. Made when it is asked for: most handlers never do. */
  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    if (this.isLost) this.controller.abort(this.reason);
    return this.controller.signal;
  }

  /** From here on it must not be settled: it belongs to another consumer, or will. */
  lose(reason: Error): void {
    this.isLost = true;
    this.reason = reason;
    this.controller?.abort(reason);
  }
}
