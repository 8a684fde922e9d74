/** What went where, counted at both ends. */
export interface Arrivals {
  readonly acknowledged: number;
  /** Distinct ones. */
  readonly arrived: number;
  readonly doubled: number;
  /** That nobody sent. */
  readonly unexpected?: number;
  /** Acknowledgements of the consumer that the broker refused. */
  readonly refused?: number;
}

/** @returns why a measurement of deliveries does not count, or undefined. */
export function deliveryFault({ acknowledged, arrived, doubled, unexpected = 0, refused = 0 }: Arrivals): string | undefined {
  if (arrived < acknowledged) return `${acknowledged - arrived} of ${acknowledged} lost`;
  if (unexpected > 0) return `${unexpected} that nobody sent`;
  if (doubled > 0) return `${doubled} of ${acknowledged} delivered twice`;
  return refused > 0 ? `${refused} acknowledged too late` : undefined;
}

/**
 * The same for what was stored.
 * @param cutOff most messages whose answer nobody waited for: those in flight when the load ended. They may be stored or not.
 */
export function storeFault(acknowledged: number, stored: number, cutOff = 0): string | undefined {
  if (stored < acknowledged) return `${acknowledged - stored} of ${acknowledged} lost`;
  const unexpected = stored - acknowledged - cutOff;
  return unexpected > 0 ? `${unexpected} that nobody sent` : undefined;
}
