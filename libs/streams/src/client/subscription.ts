import type { Logger } from '@angarium/observability';
import type { StreamEntry } from '../stream-operations.js';
import type { ReadSource } from './blocking-reader.js';
import { handOver } from './hand-over.js';
import type { Link } from './link.js';
import type { StreamCallback } from './stream-message.js';

export interface SubscriptionOptions {
  /** Name in Redis. */
  readonly stream: string;
  readonly callback: StreamCallback;
  /** A concrete id: what is written after it is handed over, whatever happens between two reads. */
  readonly startAfter: string;
  readonly count: number;
  readonly blockMs: number;
  readonly link: Link;
  readonly log: Logger;
  /** Called when it may read again. */
  readonly onFree: () => void;
}

/** One callback that hears every message of a stream, one at a time and in order. */
export class Subscription implements ReadSource {
  readonly stream: string;
  readonly count: number;
  readonly blockMs: number;
  private position: string;
  private isBusy = false;
  private isStopped = false;
  private working = Promise.resolve();

  constructor(private readonly options: SubscriptionOptions) {
    this.stream = options.stream;
    this.count = options.count;
    this.blockMs = options.blockMs;
    this.position = options.startAfter;
  }

  get callback(): StreamCallback {
    return this.options.callback;
  }

  mayRead(): boolean {
    return !this.isBusy && !this.isStopped;
  }

  after(): string {
    return this.position;
  }

  accept(entries: readonly StreamEntry[]): void {
    if (this.isStopped) return;
    this.isBusy = true;
    this.working = this.work(entries);
  }

  /** Rejects when the key is not a stream. */
  async recover(): Promise<void> {
    await this.options.link.run('XREVRANGE', (operations) => operations.lastId(this.stream));
  }

  /** No further callback begins. Resolves when the one in flight has ended. */
  stop(): Promise<void> {
    this.isStopped = true;
    return this.working;
  }

  private async work(entries: readonly StreamEntry[]): Promise<void> {
    const { callback, log } = this.options;
    for (const entry of entries) {
      if (this.isStopped) return;
      await handOver(callback, entry, { stream: this.stream }, log);
      this.position = entry.id;
    }
    this.isBusy = false;
    this.options.onFree();
  }
}
