import { NoAnswer, postToReplica, type ReplicaAnswer } from '@angarium/testing';
import type { Replicas } from '../system/replicas.js';

/** Every call is to be answered, or its connection to end, in this time: twice DATABASE_TIMEOUT_MS, and what a busy machine takes. */
export const CALL_DEADLINE_MS = 15_000;
const GIVE_UP_MS = 25_000;

export interface CallOptions {
  readonly nth: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly mayGoOn?: () => boolean;
}

/** Calls the broker at any replica, and notes calls that were not settled in time. */
export class CallWatch {
  /** Calls that took too long although their replica was not frozen: `POST /publish at replica 1: 16012 ms`. */
  readonly late: string[] = [];
  longestMs = 0;

  constructor(
    private readonly replicas: Replicas,
    private readonly apiKey: string,
  ) {}

  /** @returns the answer, whatever its status; undefined when none came. */
  async post(path: string, body: object, { nth, headers, mayGoOn }: CallOptions): Promise<ReplicaAnswer | undefined> {
    const { replicas, apiKey } = this;
    let [url, beganAtMs] = ['', Date.now()];
    const onTry = (tried: string) => ([url, beganAtMs] = [tried, Date.now()]);
    try {
      return await postToReplica({ urls: () => replicas.urls(), nth, apiKey, path, body, headers, timeoutMs: GIVE_UP_MS, mayGoOn, onTry });
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      return undefined;
    } finally {
      if (url !== '') this.note(path, url, beganAtMs);
    }
  }

  private note(path: string, url: string, beganAtMs: number): void {
    const endedAtMs = Date.now();
    if (this.replicas.wasFrozen(url, beganAtMs, endedAtMs)) return;
    const tookMs = endedAtMs - beganAtMs;
    this.longestMs = Math.max(this.longestMs, tookMs);
    if (tookMs > CALL_DEADLINE_MS) this.late.push(`POST ${path} at ${url}: ${tookMs} ms, ended at ${new Date(endedAtMs).toISOString()}`);
  }
}
