/** Thrown by a handler: give the message back and hand it out again after `delayMs`, not by the retry policy. It counts as an attempt. */
export class RetryLater extends Error {
  override readonly name = 'RetryLater';

  /** @param delayMs 0 to 604 800 000 (a week). @param message the reason, shown in the attempt log. */
  constructor(
    readonly delayMs: number,
    message = `again in ${delayMs} ms`,
  ) {
    super(message);
  }
}
