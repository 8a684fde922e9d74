import { describeError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import { replyCode, toRedisError, type RedisConnection } from '@angarium/redis';
import type { FlatFields, StreamEntry, StreamOperations } from '@angarium/streams';

/** A read waits this long for news; a stop does not wait for it (CLIENT UNBLOCK). */
const BLOCK_MS = 5_000;
/** Own entries whose hand-over was lost are read again in pages of this size. */
const RECOVER_COUNT = 200;
/** A read that could not be woken in this time is cut off. */
const STOP_WAIT_MS = 500;
const PAUSE_MIN_MS = 50;
const PAUSE_MAX_MS = 1_000;

export interface StreamReaderOptions {
  /** A connection of the reader's own: it blocks. Its commands must fail when it is cut off (`maxRetriesPerRequest: 0`). */
  readonly blocking: RedisConnection;
  /** The connection for everything else. */
  readonly commands: RedisConnection;
  readonly operations: StreamOperations;
  readonly group: string;
  readonly consumer: string;
  readonly logger: Logger;
  /** Streams to read now; asked before every read. */
  readonly streams: () => readonly string[];
  /** Entries that may be taken now; 0 makes the reader wait for `untilRoom`. */
  readonly room: () => number;
  readonly untilRoom: () => Promise<void>;
  /** False: what is read is nobody's any more (`NOACK`); it costs Redis and its append-only file far less. */
  readonly keepsPending: boolean;
  /** Takes an entry. `isRepeated`: Redis had handed it to this consumer before. */
  readonly take: (stream: string, entry: StreamEntry, isRepeated: boolean) => void;
}

type Reply = [stream: string, entries: [id: string, fields: FlatFields | null][]][] | null;

/**
 * Reads many streams on one connection, for ever.
 *
 * States: recovering (make groups, take up own entries whose hand-over was lost) → reading ⇄ waiting for room;
 * any failure → pause (50 ms, doubling to 1 s) → recovering. A missing group (Redis came back empty) → made again, at once.
 * Stops by `stop()`: the read that blocks is woken, nothing is taken afterwards.
 */
export class StreamReader {
  private isStopped = false;
  private mustRecover = true;
  private pauseMs = PAUSE_MIN_MS;
  private running: Promise<void> | undefined;
  private blockedClient: number | undefined;
  private endPause: (() => void) | undefined;
  /** When the last read was answered, by the process clock; health looks at it. */
  lastAnswerAt = performance.now();

  constructor(private readonly options: StreamReaderOptions) {}

  start(): void {
    this.running ??= this.loop();
  }

  /** The read that blocks returns at once, so that a change of `streams()` counts. */
  async wake(): Promise<void> {
    this.endPause?.();
    if (this.blockedClient === undefined || this.options.commands.status !== 'ready') return;
    await this.options.commands.call('CLIENT', 'UNBLOCK', String(this.blockedClient));
  }

  /** Nothing is taken afterwards. Resolves within half a second, also while Redis is away. */
  async stop(): Promise<void> {
    this.isStopped = true;
    const woken = this.wake().catch(() => undefined);
    await Promise.race([Promise.all([woken, this.running]), new Promise((resolve) => setTimeout(resolve, STOP_WAIT_MS).unref())]);
    // while Redis is away the loop may wait for it; it ends at the next answer and hands over nothing
    this.options.blocking.disconnect();
  }

  private async loop(): Promise<void> {
    while (!this.isStopped) {
      try {
        if (this.mustRecover) await this.recover();
        await this.readOnce();
        this.pauseMs = PAUSE_MIN_MS;
      } catch (error) {
        await this.mend(error);
      }
    }
  }

  private async readOnce(): Promise<void> {
    const { blocking, group, consumer, room, untilRoom } = this.options;
    await untilRoom();
    // what is handled at once makes room together: one read for many entries instead of many reads for a few
    await new Promise((resolve) => setImmediate(resolve));
    const streams = this.options.streams();
    if (this.isStopped) return;
    if (streams.length === 0) return this.pause(BLOCK_MS);
    const count = Math.max(1, Math.floor(room() / streams.length));
    const marks = streams.map(() => '>');
    const limits = ['GROUP', group, consumer, 'COUNT', count, 'BLOCK', BLOCK_MS] as const;
    const reply = this.options.keepsPending
      ? await blocking.xreadgroup(...limits, 'STREAMS', ...streams, ...marks)
      : await blocking.xreadgroup(...limits, 'NOACK', 'STREAMS', ...streams, ...marks);
    this.lastAnswerAt = performance.now();
    this.deliver(reply, false);
  }

  private async recover(): Promise<void> {
    const { operations, group, logger } = this.options;
    await this.options.commands.ping();
    await this.options.blocking.ping();
    this.blockedClient = await this.clientId();
    const streams = this.options.streams();
    for (const stream of streams) await operations.ensureGroup(stream, group);
    if (this.options.keepsPending) for (const stream of streams) await this.readOwn(stream);
    this.mustRecover = false;
    this.lastAnswerAt = performance.now();
    logger.debug({ streams: streams.length }, 'reading streams');
  }

  private async readOwn(stream: string): Promise<void> {
    const { commands, group, consumer } = this.options;
    for (let from = '0'; !this.isStopped; ) {
      const reply = (await commands.xreadgroup('GROUP', group, consumer, 'COUNT', RECOVER_COUNT, 'STREAMS', stream, from));
      const entries = reply?.[0]?.[1] ?? [];
      this.deliver(reply, true);
      if (entries.length < RECOVER_COUNT) return;
      from = entries.at(-1)?.[0] ?? from;
    }
  }

  private deliver(reply: Reply, isRepeated: boolean): void {
    for (const [stream, entries] of reply ?? []) {
      // an entry without fields was trimmed away by somebody while it was pending
      for (const [id, fields] of entries) this.options.take(stream, { id, fields: fields ?? [] }, isRepeated);
    }
  }

  private async mend(error: unknown): Promise<void> {
    if (this.isStopped) return;
    this.mustRecover = true;
    if (replyCode(error) === 'NOGROUP') {
      this.options.logger.warn({ group: this.options.group }, 'consumer group is gone (was Redis flushed?); making it again');
      return;
    }
    this.options.logger.warn({ reason: describeError(toRedisError(error)), pauseMs: this.pauseMs }, 'reading streams failed; trying again');
    await this.pause(this.pauseMs);
    this.pauseMs = Math.min(PAUSE_MAX_MS, this.pauseMs * 2);
  }

  private async clientId(): Promise<number | undefined> {
    return this.options.blocking.isCluster ? undefined : Number(await this.options.blocking.call('CLIENT', 'ID'));
  }

  private async pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.endPause = undefined;
  }
}
