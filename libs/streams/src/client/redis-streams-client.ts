import { AngariumError, describeError, toAngariumError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import { RedisErrors } from '@angarium/redis';
import { StreamErrors } from '../errors.js';
import { trimStream } from './auto-trim.js';
import { encodeData } from './encode-data.js';
import { parseEntryId } from './entry-id.js';
import { openConnection } from './open-connection.js';
import { resolveConfig, resolveLogger, type StreamsClientConfig, type StreamsClientOptions } from './options.js';
import type { ConsumeOptions, HistoryOptions, StreamsStatus, SubscribeOptions, TrimOptions } from './requests.js';
import { checkName, historyRange, trimLimits, wholeNumber } from './requests.js';
import { Session } from './session.js';
import { type ParsedJson, type StreamCallback, type StreamMessage, toStreamMessage } from './stream-message.js';

const DEFAULT_RECLAIM_IDLE_MS = 60_000;

/**
 * Publishes to Redis Streams, hears them, and shares them in consumer groups.
 *
 * The first call connects. No call waits longer than `publishTimeoutMs` for Redis; then, and after any other failure, it logs and
 * answers null, false, 0 or [] (failureMode `open`) or throws an AngariumError (`closed`). Subscriptions and consumers
 * outlive an absent, restarted or flushed Redis: they go on where they were.
 */
export class RedisStreamsClient {
  /** The settings with their defaults. */
  readonly config: StreamsClientConfig;
  private readonly log: Logger;
  private session: Session | undefined;
  private closing: Promise<void> | undefined;
  private isClosed = false;

  /** Opens nothing yet. @throws STREAM_ARGUMENT_INVALID naming every option that does not fit. */
  constructor(private readonly options: StreamsClientOptions = {}) {
    this.config = resolveConfig(options);
    this.log = resolveLogger(options);
  }

  /** Opens the connection and waits for Redis. Idempotent. @returns false when Redis is away (`open`); it goes on trying by itself. */
  connect(): Promise<boolean> {
    this.isClosed = false;
    return this.guarded('Connect', {}, false, async () => {
      await this.closing;
      if (await this.use().link.whenReady()) return true;
      throw RedisErrors.REDIS_UNAVAILABLE(`Redis did not answer within ${this.config.publishTimeoutMs} ms; the client goes on trying.`);
    });
  }

  /**
   * Ends gracefully: no further callback begins, those in flight end, messages taken but not handled are given back to their group,
   * publishes are settled, then the connections close. Idempotent; `connect` begins anew, without the old subscriptions.
   * @param graceMs longest wait for callbacks, default 10 000 ms; what has not ended then stays pending.
   */
  async disconnect({ graceMs = 10_000 }: { graceMs?: number } = {}): Promise<void> {
    this.isClosed = true;
    const { session } = this;
    this.session = undefined;
    if (session !== undefined) this.closing = session.close(graceMs);
    await this.closing;
  }

  /**
   * Appends a message; messages of one stream keep the order of the calls. A lost answer or connection does not double it.
   * @param id an id of your own (`1000-0`), greater than the last one of the stream. Publishing the same id and data again is answered as the first time.
   * @returns the entry's id once Redis has stored it; null (`open`) when it was not stored or Redis did not say so in time.
   * @throws (`closed`) REDIS_UNAVAILABLE: not stored, and will not be; STREAM_OUTCOME_UNKNOWN: sent, but no answer came: stored or not;
   * STREAM_ID_REFUSED, STREAM_DATA_REFUSED, REDIS_REFUSED.
   */
  publishMessage(stream: string, data: unknown, id?: string): Promise<string | null> {
    return this.guarded<string | null>('Publish', { stream }, null, () => this.append(stream, data, id));
  }

  /**
   * Appends messages in order, many at a time.
   * @returns for each message its id, or null where it failed (`open`).
   * @throws (`closed`) the first failure, with the ids of all messages in `details.ids`.
   */
  async publishBatch(stream: string, datas: readonly unknown[]): Promise<(string | null)[]> {
    const outcomes = await Promise.allSettled(datas.map((data) => this.append(stream, data)));
    const ids = outcomes.map((it) => (it.status === 'fulfilled' ? it.value : null));
    const failed = outcomes.find((it) => it.status === 'rejected');
    if (failed === undefined) return ids;
    const failureCount = ids.filter((it) => it === null).length;
    const failure = toAngariumError(failed.reason);
    return this.guarded('Publish', { stream, failureCount }, ids, () => {
      throw new AngariumError(failure, failure.message, { details: { ids }, cause: failure.cause });
    });
  }

  /**
   * Hands every message of the stream to the callback, one at a time and in order. A callback that fails is logged; the next message follows.
   * Several subscriptions to one stream are independent. @returns false (`open`) when Redis is away: then nothing is subscribed.
   */
  subscribe<T = ParsedJson>(stream: string, callback: StreamCallback<T>, options: SubscribeOptions = {}): Promise<boolean> {
    return this.guarded('Subscribe', { stream }, false, async () => {
      const { startId = '$' } = options;
      const request = { ...this.reading(options), startId: startId === '$' ? startId : parseEntryId(startId, 'startId') };
      await this.use().subscribe({ stream: this.key(stream), callback: callback as StreamCallback, ...request });
      this.log.info({ stream, startId }, 'Subscribed');
      return true;
    });
  }

  /** Ends the subscriptions to a stream, or only that of one callback. Takes effect at once. @returns whether there was one. */
  unsubscribe<T = ParsedJson>(stream: string, callback?: StreamCallback<T>): boolean {
    const isEnded = this.session?.unsubscribe(this.config.keyPrefix + stream, callback as StreamCallback | undefined) ?? false;
    if (isEnded) this.log.info({ stream }, 'Unsubscribed');
    return isEnded;
  }

  /** Makes the group, and the stream, unless it is there. `$`: it gets what is published from now on; `0`: everything. Idempotent. */
  createConsumerGroup(stream: string, group: string, startId = '$'): Promise<boolean> {
    return this.guarded('Create consumer group', { stream, group }, false, async () => {
      const start = startId === '$' ? startId : parseEntryId(startId, 'startId');
      const key = this.key(stream);
      checkName(group, 'group');
      const isNew = await this.use().link.run('XGROUP CREATE', (operations) => operations.ensureGroup(key, group, start));
      if (isNew) this.log.info({ stream, group, startId }, 'Consumer group created');
      return true;
    });
  }

  /**
   * Hands messages of the group to the callback, one at a time; each message goes to one consumer of the group. Returns at once.
   * With `autoAck` a message is acknowledged after its callback succeeded. A message that was not acknowledged, here or by another
   * consumer, is handed over again when nobody was busy with it for `reclaimIdleMs`.
   * A group that is missing is made, from `startId` (default `0`).
   */
  consumeFromGroup<T = ParsedJson>(stream: string, group: string, consumer: string, callback: StreamCallback<T>, options: ConsumeOptions = {}): Promise<boolean> {
    return this.guarded('Consume', { stream, group, consumer }, false, async () => {
      const { autoAck = true, startId = '0' } = options;
      const reclaimIdleMs = wholeNumber(options.reclaimIdleMs ?? DEFAULT_RECLAIM_IDLE_MS, 'reclaimIdleMs', 1);
      checkName(group, 'group');
      checkName(consumer, 'consumer');
      const request = { ...this.reading(options), autoAck, reclaimIdleMs, startId: startId === '$' ? startId : parseEntryId(startId, 'startId') };
      await this.use().consume({ stream: this.key(stream), group, consumer, callback: callback as StreamCallback, ...request });
      this.log.info({ stream, group, consumer, autoAck }, 'Consuming');
      return true;
    });
  }

  /** Ends one consumer: no further callback begins; what it had taken but not begun is given back. @returns whether it was there. */
  stopConsumer(stream: string, group: string, consumer: string): boolean {
    const isStopped = this.session?.stopConsumer(this.config.keyPrefix + stream, group, consumer) ?? false;
    if (isStopped) this.log.info({ stream, group, consumer }, 'Consumer stopped');
    return isStopped;
  }

  /** Settles messages of a group. Idempotent. @returns how many of them were still pending. */
  acknowledgeMessages(stream: string, group: string, ...ids: string[]): Promise<number> {
    return this.guarded('Acknowledge', { stream, group }, 0, async () => {
      const key = this.key(stream);
      const full = ids.map((id) => parseEntryId(id, 'id'));
      const count = await this.use().link.run('XACK', (operations) => operations.acknowledge(key, group, full));
      this.log.debug({ stream, group, count }, 'Message acknowledged');
      return count;
    });
  }

  /** Messages between two ids, oldest first; `reverse` gives the youngest first. */
  readHistory<T = ParsedJson>(stream: string, options: HistoryOptions = {}): Promise<StreamMessage<T>[]> {
    return this.guarded<StreamMessage<T>[]>('Read history', { stream }, [], async () => {
      const key = this.key(stream);
      const range = historyRange(options);
      const entries = await this.use().link.run('XRANGE', (operations) => operations.range(key, range));
      return Promise.all(entries.map((entry) => toStreamMessage<T>(stream, entry, this.log)));
    });
  }

  /** Removes the oldest messages beyond `maxLen` and those older than `olderThanMs`. @returns how many were removed. */
  trimStream(stream: string, options: TrimOptions): Promise<number> {
    return this.guarded('Trim', { stream }, 0, async () => {
      const key = this.key(stream);
      const limits = trimLimits(options);
      const { link } = this.use();
      const deleted = options.keepUnacknowledged === true ? await trimStream(link, key, limits) : await link.run('XTRIM', (operations) => operations.trimRegardless(key, limits));
      this.log.info({ stream, deleted, isAutomatic: false }, 'Stream trimmed');
      return deleted;
    });
  }

  /** Does not ask Redis: `connected` is what the socket says. */
  getStatus(): StreamsStatus {
    const { session, config } = this;
    const shown = (names: string[] | undefined) => (names ?? []).map((name) => name.slice(config.keyPrefix.length));
    return {
      connected: session?.link.isReady ?? false,
      subscriptions: shown(session?.subscriptions),
      consumerGroups: shown(session?.consumerGroups),
      config,
    };
  }

  private async append(stream: string, data: unknown, id?: string): Promise<string> {
    const key = this.key(stream);
    const ownId = id === undefined || id === '*' ? undefined : parseEntryId(id, 'id');
    const encoded = encodeData(data, this.config.compressAboveBytes);
    const session = this.use();
    const messageId = await session.publisher.publish(key, encoded, ownId);
    session.trimmer.watch(key);
    this.log.debug({ stream, messageId, dataSize: encoded.size }, 'Message published');
    return messageId;
  }

  private use(): Session {
    if (this.isClosed) throw StreamErrors.STREAMS_CLOSED();
    this.session ??= new Session({ open: (name) => openConnection(this.options, name, this.log), config: this.config, log: this.log });
    return this.session;
  }

  private key(stream: string): string {
    return this.config.keyPrefix + checkName(stream, 'stream');
  }

  private reading({ count = this.config.defaultCount, blockMs = this.config.defaultBlockMs }: SubscribeOptions): { count: number; blockMs: number } {
    return { count: wholeNumber(count, 'count', 1), blockMs: wholeNumber(blockMs, 'blockMs', 0) };
  }

  /** The rule of `failureMode`, in one place. */
  private async guarded<T>(what: string, at: object, fallback: T, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const failure = toAngariumError(error);
      const level = failure.retry === 'when-available' ? 'warn' : 'error';
      this.log[level]({ ...at, code: failure.code, reason: describeError(failure) }, `${what} failed`);
      if (this.config.failureMode === 'closed') throw failure;
      return fallback;
    }
  }
}
