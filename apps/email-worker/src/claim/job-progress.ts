import { ignoreError, type IgnoredErrorLog } from '@angarium/errors';

/** A step that is over before this is not told: most mails take less than that in all, and each telling is a write to Redis as dear as the mail's end. */
const STEP_MS = 100;

/**
 * Tells how far a job is, as a courtesy: nothing waits for it, because a Redis that is slow or away must not stand between the
 * mail server's 250 and the ledger. The end is told where a step was: that a job has ended is seen without it.
 */
export class JobProgress {
  private next = 0;
  private hasTold = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly tellPercent: (percent: number) => Promise<void>,
    private readonly log: IgnoredErrorLog,
  ) {}

  /** The job has come this far, 0 to 100. */
  reached(percent: number): void {
    this.next = percent;
    if (percent === 100 && this.hasTold) this.tell();
    else if (percent === 100) this.stop();
    else this.timer ??= setTimeout(() => this.tell(), STEP_MS);
  }

  /** Nothing more is told. */
  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private tell(): void {
    this.stop();
    this.hasTold = true;
    this.tellPercent(this.next).catch(ignoreError(this.log, 'job-progress', 'progress is a courtesy; the outcome counts'));
  }
}
