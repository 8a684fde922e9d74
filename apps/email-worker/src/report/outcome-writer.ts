import { setTimeout as pause } from 'node:timers/promises';
import { describeError, ignoreError, toAngariumError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import { gathering, inSlices } from './gathering.js';
import type { Outcome } from './outcome.js';

const MAX_BATCH = 200;
const PAUSE_MIN_MS = 50;
const PAUSE_MAX_MS = 500;

export interface OutcomeWriterOptions {
  /** Writes all of them or none. */
  readonly write: (outcomes: readonly Outcome[]) => Promise<void>;
  /** Called after each commit. */
  readonly onCommitted: () => void;
  readonly logger: Logger;
}

interface Waiting {
  readonly outcome: Outcome;
  readonly done: () => void;
  readonly stopped: () => void;
}

/**
 * Writes outcomes in batches: what comes while a batch is being written, or within ten milliseconds, is the next batch. Alone, one goes at once.
 *
 * States: **idle**; **writing** one batch after the other; **pausing** after a failure, with everything kept; **stopped** for good.
 * A batch that fails for another reason than an outage is written one by one, so that an outcome that cannot be written keeps no other.
 */
export class OutcomeWriter {
  private waiting: Waiting[] = [];
  private isWriting = false;
  private beganAt = -Infinity;
  private readonly stopping = new AbortController();

  constructor(private readonly options: OutcomeWriterOptions) {}

  /** Resolves after the commit, however long that takes. @throws what `whenStopped` makes, after stop(). */
  write(outcome: Outcome, whenStopped: () => Error): Promise<void> {
    if (this.stopping.signal.aborted) return Promise.reject(whenStopped());
    return new Promise((resolve, reject) => {
      this.waiting.push({ outcome, done: resolve, stopped: () => reject(whenStopped()) });
      if (!this.isWriting) void this.writeAll();
    });
  }

  /** Nothing is tried again; who waits is told. A batch that is being written may still be committed. Idempotent. */
  stop(): void {
    this.stopping.abort();
    this.tellStopped();
  }

  /** Never rejects. */
  private async writeAll(): Promise<void> {
    this.isWriting = true;
    let [failures, singles] = [0, 0];
    while (this.waiting.length > 0) {
      const others = gathering(this.beganAt);
      if (others !== undefined) await others;
      this.beganAt = performance.now();
      const batch = this.waiting.splice(0, singles > 0 ? 1 : MAX_BATCH);
      const error = await this.tryToWrite(batch);
      if (error === undefined) {
        [failures, singles] = [0, Math.max(0, singles - 1)];
        continue;
      }
      const isOutage = toAngariumError(error).retry === 'when-available';
      // the one that cannot be written goes to the end, behind those that can
      if (batch.length === 1 && !isOutage) this.waiting.push(...batch);
      else this.waiting.unshift(...batch);
      if (!isOutage) singles = batch.length > 1 ? batch.length : singles - 1;
      await this.afterFailure(error, failures++, isOutage || batch.length === 1);
      if (this.stopping.signal.aborted) this.tellStopped();
    }
    this.isWriting = false;
  }

  private async tryToWrite(batch: readonly Waiting[]): Promise<unknown> {
    try {
      await this.options.write(batch.map(({ outcome }) => outcome));
    } catch (error) {
      return error;
    }
    void inSlices(batch, ({ done }) => done());
    this.options.onCommitted();
    return undefined;
  }

  private async afterFailure(error: unknown, failures: number, mayPause: boolean): Promise<void> {
    const { logger } = this.options;
    const level = failures === 0 ? 'warn' : 'debug';
    logger[level]({ waiting: this.waiting.length, reason: describeError(error) }, 'outcomes of mails not written yet; trying again');
    const pauseMs = Math.min(PAUSE_MAX_MS, PAUSE_MIN_MS * 2 ** Math.min(failures, 10));
    const ended = ignoreError(logger, 'outcome-writer.pause', 'stop() ends it');
    if (mayPause) await pause(pauseMs, undefined, { signal: this.stopping.signal }).catch(ended);
  }

  private tellStopped(): void {
    this.waiting.splice(0).forEach(({ stopped }) => stopped());
  }
}
