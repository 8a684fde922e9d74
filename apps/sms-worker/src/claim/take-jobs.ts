import type { JobWorker } from '@angarium/queues';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import type { RecordOutcome } from '../report/record-outcome.js';
import type { ExpireVerifications } from '../verify/expire-verifications.js';
import type { SettleAbandoned } from './settle-abandoned.js';

/** The share of the grace time after which outcomes that wait for Postgres are let go. */
const LAST_CALL = 0.8;

export interface TakeJobsParts {
  readonly worker: JobWorker;
  readonly recorder: RecordOutcome;
  readonly expiry: ExpireVerifications;
  readonly abandoned: SettleAbandoned;
  readonly graceMs: number;
}

/**
 * Begins to take jobs when everything else stands, and ends in the order of the journey: no new jobs, those that run end, their outcomes
 * are written. Jobs that do not end in time are handed to other replicas when their lock ends.
 */
export class TakeJobs implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(private readonly parts: TakeJobsParts) {}

  onApplicationBootstrap(): void {
    this.parts.worker.start();
    this.parts.expiry.start();
    this.parts.abandoned.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    const { worker, recorder, expiry, abandoned, graceMs } = this.parts;
    const lastCall = setTimeout(() => recorder.stop(), graceMs * LAST_CALL);
    await Promise.all([worker.close(graceMs), expiry.stop(), abandoned.stop()]);
    clearTimeout(lastCall);
    recorder.stop();
  }
}
