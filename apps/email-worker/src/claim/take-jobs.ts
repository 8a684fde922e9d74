import type { JobWorker } from '@angarium/queues';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import type { MailTransport } from '../deliver/mail-transport.js';
import type { OutcomeRecorder } from '../report/outcome-recorder.js';

/** The share of the grace time after which jobs that wait for Postgres are given back, while Redis can still be told. */
const LAST_CALL = 0.8;

export interface TakeJobsParts {
  readonly worker: JobWorker;
  readonly recorder: OutcomeRecorder;
  readonly transport: MailTransport;
  readonly graceMs: number;
}

/**
 * Begins to take jobs when everything else stands, and ends in the order of the journey: no new jobs, those that run end,
 * their outcomes are written, the SMTP connections close. Jobs that do not end in time are handed to other replicas when their lock ends.
 */
export class TakeJobs implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(private readonly parts: TakeJobsParts) {}

  onApplicationBootstrap(): void {
    this.parts.worker.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    const { worker, recorder, transport, graceMs } = this.parts;
    const lastCall = setTimeout(() => recorder.stop(), graceMs * LAST_CALL);
    await worker.close(graceMs);
    clearTimeout(lastCall);
    recorder.stop();
    transport.close();
  }
}
