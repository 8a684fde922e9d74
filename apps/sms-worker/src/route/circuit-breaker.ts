export interface CircuitOptions {
  /** So many failures in a row open it. */
  readonly failures: number;
  /** How long it stays open before one call may try. */
  readonly openMs: number;
  /** Milliseconds; only differences count. Default: a clock that nobody sets. */
  readonly now?: () => number;
}

/**
 * Keeps a provider that is away from being asked by every SMS. One for each provider and replica.
 *
 * States: **closed**, all calls pass; **open** after `failures` in a row, none passes for `openMs`; then **half-open**: one call passes,
 * and what becomes of it closes or opens again. A probe of which nothing is heard gives way to another after `openMs`.
 */
export class CircuitBreaker {
  private failures = 0;
  private openUntil = 0;

  constructor(private readonly options: CircuitOptions) {}

  /** Whether a call may pass now; changes nothing. */
  get isOpen(): boolean {
    return this.failures >= this.options.failures && this.now() < this.openUntil;
  }

  /** Takes the right to call. @returns false where it is open, or another call is the probe. */
  tryPass(): boolean {
    if (this.isOpen) return false;
    // who passes while it is half-open is the probe; nobody else until that is over
    if (this.failures >= this.options.failures) this.openUntil = this.now() + this.options.openMs;
    return true;
  }

  /** The provider answered, whatever it said. */
  succeeded(): void {
    this.failures = 0;
  }

  /** The provider was not there. */
  failed(): void {
    this.failures++;
    if (this.failures >= this.options.failures) this.openUntil = this.now() + this.options.openMs;
  }

  private now(): number {
    return (this.options.now ?? (() => performance.now()))();
  }
}
