export interface HeldLeaseOptions {
  readonly everyMs: number;
  /** Renews once; answers whether the lease is still one's own. */
  readonly renew: () => Promise<boolean>;
  /** Hears, once, that somebody else has it now. */
  readonly onLost: () => void;
  /** Hears of a renewal that failed; the next one may succeed before the lease ends. */
  readonly onFailure: (error: unknown) => void;
}

/** Keeps a lease while work runs: **held**, renewed every `everyMs`, until **lost** to somebody else or **stopped**. A renewal never overlaps the next. */
export class HeldLease {
  private readonly timer: NodeJS.Timeout;
  private pass: Promise<void> | undefined;

  constructor(private readonly options: HeldLeaseOptions) {
    this.timer = setInterval(() => void this.runPass(), options.everyMs);
  }

  /** One renewal. Never rejects. */
  runPass(): Promise<void> {
    this.pass ??= this.renewOnce().finally(() => (this.pass = undefined));
    return this.pass;
  }

  /** Nothing is renewed afterwards. Idempotent. */
  stop(): void {
    clearInterval(this.timer);
  }

  private async renewOnce(): Promise<void> {
    const { renew, onLost, onFailure } = this.options;
    try {
      if (await renew()) return;
      this.stop();
      onLost();
    } catch (error) {
      onFailure(error);
    }
  }
}
