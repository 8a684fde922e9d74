import type { QueueName } from '@angarium/contracts';

/** The states of jobs that can be asked for. `waiting` has all that a free worker may take, by priority. */
export const jobStates = ['waiting', 'active', 'completed', 'failed', 'delayed'] as const;
export type JobState = (typeof jobStates)[number];

/** The states in which `cleanQueue` removes jobs. One that is being done is none of them. */
export const cleanableStates = ['completed', 'failed', 'delayed', 'waiting'] as const;
export type CleanableState = (typeof cleanableStates)[number];

export interface QueueStatus {
  readonly name: QueueName;
  readonly counts: Readonly<Record<JobState, number>> & {
    /** Of those waiting, how many a pause holds back: all or none. */
    readonly paused: number;
  };
  /** Workers end what they do and take nothing more. */
  readonly isPaused: boolean;
}

/** A job as people may see it: without bodies, codes and credentials, and with a part of addresses only. */
export interface JobView {
  readonly id: string;
  readonly name: string;
  readonly queue: QueueName;
  /** `unknown`: it is between two states, or was removed meanwhile. */
  readonly state: JobState | 'unknown';
  /** The payload as `showPayload` shows it. */
  readonly data: unknown;
  /** 0 to 100, or what the handler told. */
  readonly progress: unknown;
  readonly attemptsMade: number;
  readonly maxAttempts: number;
  /** Code and message of the last failure. */
  readonly failedReason: string | null;
  /** What the handler answered with, as `showResult` shows it. */
  readonly returnvalue: unknown;
  /** ISO times. */
  readonly createdAt: string;
  readonly processedAt: string | null;
  readonly finishedAt: string | null;
  /** Milliseconds between its being added and its being ready. */
  readonly delay: number;
  readonly priority: number;
  readonly tenant: string | null;
  readonly idempotencyKey: string | null;
}
