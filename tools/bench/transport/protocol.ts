import type { Latency, Received, Schedule } from './ledger.js';
import type { Sent } from './load.js';

export interface Usage {
  /** CPU time of the process so far, all its threads, microseconds. */
  readonly cpuUs: number;
  readonly rssBytes: number;
}

interface Closed {
  readonly phase: number;
  readonly durationMs: number;
  readonly inFlight: number;
}

interface Open {
  readonly phase: number;
  readonly schedule: Schedule;
  readonly count: number;
}

/** What the bench may ask of a child process, and what it answers. */
export interface Commands {
  // receiving end
  begin: { ask: { phase: number; schedule?: Schedule | undefined }; answer: true };
  collect: { ask: { count: number; quietMs: number }; answer: Received };
  // sending end
  emitClosed: { ask: Closed; answer: Sent };
  emitOpen: { ask: Open; answer: Sent };
  requestClosed: { ask: Closed; answer: Sent };
  requestOpen: { ask: Open; answer: Sent & { latency: Latency | undefined } };
  // both
  usage: { ask: null; answer: Usage };
  stop: { ask: null; answer: true };
}
export type CommandName = keyof Commands;

export interface Call<N extends CommandName = CommandName> {
  readonly id: number;
  readonly name: N;
  readonly ask: Commands[N]['ask'];
}

/** `id` 0: the child is ready. */
export type Reply = { readonly id: number; readonly answer: unknown } | { readonly id: number; readonly error: string };

export type Role = 'producer' | 'consumer';
