/** Which offsets of a partition arrived, from 1 to `count`: each is to be had once, and no other one. */
export class OffsetLedger {
  private readonly seen: Uint8Array;
  /** Distinct expected ones. */
  taken = 0;
  doubled = 0;
  unexpected = 0;

  constructor(count: number) {
    this.seen = new Uint8Array(count + 1);
  }

  take(offset: number): void {
    if (this.seen[offset] === undefined || offset < 1) {
      this.unexpected += 1;
    } else if (this.seen[offset] === 1) {
      this.doubled += 1;
    } else {
      this.seen[offset] = 1;
      this.taken += 1;
    }
  }
}
