import { setImmediate as nextTurn } from 'node:timers/promises';
import { describeError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import { type RedisConnection, RedisErrors, toRedisError } from '@angarium/redis';
import type { StreamEntry } from '../stream-operations.js';
import { compareIds } from './entry-id.js';
import { Signal } from './signal.js';
import { Unblocker } from './unblocker.js';
import { untilReady } from './until-ready.js';

/** One taker of a stream's entries. */
export interface ReadSource {
  readonly stream: string;
  readonly count: number;
  readonly blockMs: number;
  /** False while it is busy with what it was given. Whoever makes it true again calls `wake`. */
  mayRead(): boolean;
  /** Entries after this id are wanted; `>` for those that its group has not seen. */
  after(): string;
  accept(entries: readonly StreamEntry[]): void;
  /** Mends what made Redis refuse to read this stream (a group that is gone); rejects when it cannot. */
  recover(): Promise<void>;
}

export interface BlockingRead {
  readonly count: number;
  readonly blockMs: number;
  readonly streams: readonly string[];
  readonly ids: readonly string[];
}

/** The blocking command: entries by stream, empty when the time was over. */
export type ReadCommand = (connection: RedisConnection, request: BlockingRead) => Promise<ReadonlyMap<string, StreamEntry[]>>;

export interface BlockingReaderOptions {
  readonly connection: RedisConnection;
  readonly read: ReadCommand;
  /** CLIENT UNBLOCK on another connection: 1 when the client was blocked. Without it a change waits for the end of the read. */
  readonly unblock: ((clientId: number) => Promise<number>) | undefined;
  readonly log: Logger;
}

/** Longer blocks are cut into these, so that a socket that died without a word is noticed (silence limit 10 s). */
const MOST_BLOCK_MS = 5_000;
const FIRST_PAUSE_MS = 25;
const MOST_PAUSE_MS = 5_000;

/**
 * One connection that blocks for many streams at once.
 *
 * States: idle (no source may read: waits for `wake`) → reading (blocked in Redis; `wake` unblocks it) → handing over → idle or
 * reading; away (the connection reconnects by itself, positions are kept); resting (Redis refused: pauses double up to 5 s;
 * a source that cannot be mended rests alone). Stops by `stop`: the read under way is unblocked, what it brought is handed over.
 */
export class BlockingReader {
  private readonly sources = new Set<ReadSource>();
  private readonly resting = new Map<ReadSource, { until: number; failureCount: number }>();
  private readonly signal = new Signal();
  private readonly unblocker: Unblocker | undefined;
  private currentRead: object | undefined;
  private failureCount = 0;
  private readonly stopped = new AbortController();
  private loop: Promise<void> | undefined;

  constructor(private readonly options: BlockingReaderOptions) {
    const { connection, unblock, log } = options;
    this.unblocker = unblock && new Unblocker(connection, unblock, log);
  }

  get isEmpty(): boolean {
    return this.sources.size === 0;
  }

  /** Takes effect at once, also while a read is blocked. */
  add(source: ReadSource): void {
    this.sources.add(source);
    this.loop ??= this.run();
    this.wake();
  }

  /** Takes effect at once; entries that arrive at the same moment are still handed to the source. */
  remove(source: ReadSource): void {
    this.sources.delete(source);
    this.resting.delete(source);
    this.wake();
  }

  /** Makes the loop look at its sources again. */
  wake(): void {
    this.signal.fire();
    const read = this.currentRead;
    if (read !== undefined) void this.unblocker?.end(read, () => this.currentRead === read);
  }

  /** Ends the loop and closes the connection. Idempotent. */
  async stop(): Promise<void> {
    this.stopped.abort();
    this.wake();
    // A server that does not answer must not hold the stop: cutting the socket ends the read as well.
    const cut = setTimeout(() => this.options.connection.disconnect(), 500);
    await this.loop;
    clearTimeout(cut);
    this.options.connection.disconnect();
  }

  private async run(): Promise<void> {
    const { connection } = this.options;
    while (!this.stopped.signal.aborted && connection.status !== 'end') {
      this.signal.clear();
      const sources = this.readable();
      if (sources.length === 0) await this.signal.wait(this.untilRested());
      else if (connection.status !== 'ready') await untilReady(connection, MOST_BLOCK_MS, this.stopped.signal);
      else await this.pass(sources);
      // Callbacks that are done within this turn may read again without waking anyone.
      await nextTurn();
    }
  }

  /** One read for all these sources and what follows from it; never rejects. */
  private async pass(sources: readonly ReadSource[]): Promise<void> {
    try {
      const found = await this.read(sources);
      this.failureCount = 0;
      for (const source of sources) {
        this.resting.delete(source);
        const after = source.after();
        const entries = (found.get(source.stream) ?? []).filter(({ id }) => after === '>' || compareIds(id, after) > 0);
        if (entries.length > 0) source.accept(entries);
      }
    } catch (error) {
      if (!this.stopped.signal.aborted) await this.mend(error, sources);
    }
  }

  /** Each stream from where its slowest source stands; no await before the command, so that no `wake` is lost. */
  private async read(sources: readonly ReadSource[]): Promise<ReadonlyMap<string, StreamEntry[]>> {
    const from = new Map<string, string>();
    for (const source of sources) {
      const after = source.after();
      const lowest = from.get(source.stream);
      if (lowest === undefined || (after !== '>' && compareIds(after, lowest) < 0)) from.set(source.stream, after);
    }
    const blockMs = Math.min(MOST_BLOCK_MS, this.untilRested() ?? MOST_BLOCK_MS, ...sources.map((it) => it.blockMs || MOST_BLOCK_MS));
    const count = Math.min(...sources.map((it) => it.count));
    this.currentRead = {};
    try {
      return await this.options.read(this.options.connection, { count, blockMs, streams: [...from.keys()], ids: [...from.values()] });
    } finally {
      this.currentRead = undefined;
    }
  }

  private async mend(error: unknown, sources: readonly ReadSource[]): Promise<void> {
    const reason = toRedisError(error);
    this.failureCount += 1;
    if (RedisErrors.REDIS_REFUSED.is(reason)) {
      this.options.log.warn({ streams: sources.map((it) => it.stream), reason: describeError(reason), failureCount: this.failureCount }, 'Redis refused to read');
      await Promise.all(sources.map((source) => source.recover().catch((cause: unknown) => this.rest(source, cause))));
    }
    await this.signal.wait(pauseAfter(this.failureCount));
  }

  /** One bad stream must not hold up the others of this reader. */
  private rest(source: ReadSource, cause: unknown): void {
    const failureCount = (this.resting.get(source)?.failureCount ?? 0) + 1;
    const pauseMs = pauseAfter(failureCount + 3);
    this.resting.set(source, { failureCount, until: performance.now() + pauseMs });
    this.options.log.error({ stream: source.stream, reason: describeError(cause), failureCount, pauseMs }, 'Stream cannot be read; trying again later');
  }

  private readable(): ReadSource[] {
    const now = performance.now();
    return [...this.sources].filter((it) => it.mayRead() && (this.resting.get(it)?.until ?? 0) <= now);
  }

  /** Milliseconds until a resting source is tried again, if there is one. */
  private untilRested(): number | undefined {
    const now = performance.now();
    const ends = [...this.resting.values()].filter(({ until }) => until > now).map(({ until }) => until);
    return ends.length === 0 ? undefined : Math.max(1, Math.ceil(Math.min(...ends) - now));
  }
}

function pauseAfter(failureCount: number): number {
  return Math.min(MOST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failureCount - 1, 16));
}
