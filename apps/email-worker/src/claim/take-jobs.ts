import type { JobWorker } from '@angarium/queues';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import type { OutcomeRecorder } from '../report/outcome-recorder.js';
import type { SenderDirectory } from '../senders/sender.js';
import type { SendBatchEmailHandler } from './send-batch-email.handler.js';

/** The share of the grace time after which jobs that wait for Postgres are given back, while Redis can still be told. */
const LAST_CALL = 0.8;

export interface TakeJobsParts {
  readonly worker: JobWorker;
  readonly recorder: OutcomeRecorder;
  readonly batches: SendBatchEmailHandler;
  readonly senders: SenderDirectory;
  readonly graceMs: number;
}

/**
 * Begins to take jobs when everything else stands, and ends in the order of the journey: no new jobs, those that run end
 * (batches after the mails that are on their way),
 * their outcomes are written, the SMTP connections close. Jobs that do not end in time are handed to other replicas when their lock ends.
 */
export class TakeJobs implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(private readonly parts: TakeJobsParts) {}

  onApplicationBootstrap(): void {
    this.parts.worker.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    const { worker, batches, recorder, senders, graceMs } = this.parts;
    const lastCall = setTimeout(() => recorder.stop(), graceMs * LAST_CALL);
    batches.stop();
    await worker.close(graceMs);
    clearTimeout(lastCall);
    recorder.stop();
    senders.close();
  }
}
