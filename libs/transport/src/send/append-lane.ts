import type { EntryToAppend, StreamOperations } from '@angarium/streams';
import { TransportErrors } from '../errors.js';

/** Largest batch: one script call holds Redis for less than a millisecond, and the next batch is filled meanwhile. */
const MAX_BATCH_COUNT = 128;
const MAX_BATCH_CHARS = 256 * 1024;
const MAX_WAITING_COUNT = 20_000;
const MAX_WAITING_CHARS = 64 * 1024 * 1024;
const SWEEP_MS = 100;

interface Waiting {
  readonly entry: EntryToAppend;
  readonly size: number;
  readonly deadline: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Group commit into one stream. What is appended while a batch is on its way forms the next batch:
 * no timer, no added wait when idle, and one fsync for many messages.
 *
 * States: idle → (append) sending → idle. Stops by `close()`, which lets the batches on their way end.
 * A batch carries a sequence number, so one that the connection sends again after a reconnect is stored once.
 */
export class AppendLane {
  private waiting: Waiting[] = [];
  private waitingChars = 0;
  private sequence = 0;
  private inFlight: { batch: Waiting[]; done: Promise<void> } | undefined;
  private isScheduled = false;
  private isClosed = false;
  private sweeper: NodeJS.Timeout | undefined;

  constructor(
    private readonly operations: Pick<StreamOperations, 'append'>,
    private readonly stream: string,
    private readonly producerKey: string,
    private readonly dedupWindowMs: number,
  ) {}

  /**
   * Resolves when Redis has stored the entry (durable as its `appendfsync` says).
   * @throws TRANSPORT_UNAVAILABLE after `timeoutMs` (outcome unknown), TRANSPORT_OVERLOADED when too much waits, REDIS_REFUSED.
   */
  append(entry: EntryToAppend, timeoutMs: number): Promise<void> {
    if (this.isClosed) return Promise.reject(TransportErrors.TRANSPORT_CLOSED());
    const size = sizeOf(entry);
    if (this.waiting.length >= MAX_WAITING_COUNT || this.waitingChars + size > MAX_WAITING_CHARS) {
      return Promise.reject(TransportErrors.TRANSPORT_OVERLOADED(undefined, { details: { stream: this.stream, waiting: this.waiting.length } }));
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ entry, size, deadline: Date.now() + timeoutMs, resolve, reject });
      this.waitingChars += size;
      this.sweeper ??= setInterval(() => this.expire(), SWEEP_MS).unref();
      this.schedule();
    });
  }

  /** Lets what waits be stored; from now on nothing is taken. Resolves when all calls are settled. */
  async close(): Promise<void> {
    this.isClosed = true;
    while (this.inFlight !== undefined || this.waiting.length > 0) {
      this.pump();
      await this.inFlight?.done;
    }
    clearInterval(this.sweeper);
  }

  private schedule(): void {
    if (this.isScheduled || this.inFlight !== undefined) return;
    this.isScheduled = true;
    // all calls of the running tick share the batch
    process.nextTick(() => {
      this.isScheduled = false;
      this.pump();
    });
  }

  private pump(): void {
    if (this.inFlight !== undefined || this.waiting.length === 0) return;
    const batch = this.takeBatch();
    this.inFlight = { batch, done: this.store(batch) };
  }

  private async store(batch: Waiting[]): Promise<void> {
    try {
      await this.operations.append({
        stream: this.stream,
        entries: batch.map(({ entry }) => entry),
        producerKey: this.producerKey,
        sequence: ++this.sequence,
        dedupWindowMs: this.dedupWindowMs,
      });
      for (const { resolve } of batch) resolve();
    } catch (error) {
      for (const { reject } of batch) reject(error as Error);
    }
    this.inFlight = undefined;
    this.pump();
  }

  private takeBatch(): Waiting[] {
    let count = 0;
    let chars = 0;
    for (const { size } of this.waiting) {
      if (count === MAX_BATCH_COUNT || (count > 0 && chars + size > MAX_BATCH_CHARS)) break;
      count += 1;
      chars += size;
    }
    this.waitingChars -= chars;
    return this.waiting.splice(0, count);
  }

  /** Settles calls whose deadline passed. Those not yet sent are taken out; those on their way may still be stored. */
  private expire(): void {
    const now = Date.now();
    const isLate = ({ deadline }: Waiting) => deadline <= now;
    for (const { reject } of this.inFlight?.batch.filter(isLate) ?? []) reject(TransportErrors.TRANSPORT_UNAVAILABLE());
    const late = this.waiting.filter(isLate);
    if (late.length > 0) {
      this.waiting = this.waiting.filter((it) => !isLate(it));
      for (const { size, reject } of late) {
        this.waitingChars -= size;
        reject(TransportErrors.TRANSPORT_UNAVAILABLE('Redis does not answer; the message was not sent and nothing was stored.'));
      }
    }
    if (this.waiting.length === 0 && this.inFlight === undefined) {
      clearInterval(this.sweeper);
      this.sweeper = undefined;
    }
  }
}

function sizeOf({ fields }: EntryToAppend): number {
  let size = 0;
  for (const field of fields) size += field.length;
  return size;
}
