import type { Logger } from '@angarium/observability';
import type { RedisConnection } from '@angarium/redis';
import { StreamErrors } from '../errors.js';
import { AutoTrim } from './auto-trim.js';
import { GroupConsumer } from './group-consumer.js';
import { GroupUpkeep } from './group-upkeep.js';
import { Link } from './link.js';
import type { StreamsClientConfig } from './options.js';
import { Publisher } from './publisher.js';
import { type PooledReader, ReaderPool } from './reader-pool.js';
import type { StreamCallback } from './stream-message.js';
import { Subscription } from './subscription.js';

export interface SessionOptions {
  readonly open: (name: string) => RedisConnection;
  readonly config: StreamsClientConfig;
  readonly log: Logger;
}

export interface SubscriptionRequest {
  /** Name in Redis. */
  readonly stream: string;
  readonly callback: StreamCallback;
  /** `$` or a full id. */
  readonly startId: string;
  readonly count: number;
  readonly blockMs: number;
}

export interface ConsumerRequest extends SubscriptionRequest {
  readonly group: string;
  readonly consumer: string;
  readonly autoAck: boolean;
  readonly reclaimIdleMs: number;
}

interface RunningConsumer {
  readonly stream: string;
  readonly consumer: GroupConsumer;
  readonly upkeep: GroupUpkeep;
  readonly reader: PooledReader;
}

/** What a client has between `connect` and `disconnect`: connections, subscriptions, consumers. */
export class Session {
  readonly link: Link;
  readonly publisher: Publisher;
  readonly trimmer: AutoTrim;
  private readonly readers: ReaderPool;
  private readonly subscribed = new Map<string, Set<Subscription>>();
  private readonly consumers = new Map<string, RunningConsumer>();

  constructor(private readonly options: SessionOptions) {
    const { open, config, log } = options;
    this.link = new Link(open('streams'), config.publishTimeoutMs);
    this.publisher = new Publisher(this.link);
    this.readers = new ReaderPool({ open, link: this.link, log });
    const consumed = () => [...this.consumers.values()].map(({ stream }) => stream);
    this.trimmer = new AutoTrim({ intervalMs: config.autoTrimInterval, maxLen: config.defaultMaxLen, consumed, link: this.link, log });
    if (config.enableAutoTrim) this.trimmer.start();
  }

  /** Names in Redis. */
  get subscriptions(): string[] {
    return [...this.subscribed.keys()];
  }

  /** `stream:group:consumer`, with the stream's name in Redis. */
  get consumerGroups(): string[] {
    return [...this.consumers.keys()];
  }

  /** `$` becomes the id of the youngest entry, here and now, so that nothing between two reads is missed. */
  async subscribe({ startId, ...request }: SubscriptionRequest): Promise<void> {
    const { link } = this;
    const youngest = await link.run('XREVRANGE', (operations) => operations.lastId(request.stream));
    const reader = this.readers.forStream(request.stream);
    const startAfter = startId === '$' ? youngest : startId;
    const subscription = new Subscription({ ...request, startAfter, link, log: this.options.log, onFree: () => reader.wake() });
    const ofStream = this.subscribed.get(request.stream) ?? new Set();
    this.subscribed.set(request.stream, ofStream.add(subscription));
    reader.add(subscription);
  }

  /** @returns whether there was a subscription to end. */
  unsubscribe(stream: string, callback?: StreamCallback): boolean {
    const ofStream = this.subscribed.get(stream) ?? new Set();
    const ended = [...ofStream].filter((it) => callback === undefined || it.callback === callback);
    for (const subscription of ended) {
      ofStream.delete(subscription);
      void subscription.stop();
      this.readers.forStream(stream).remove(subscription);
    }
    if (ofStream.size === 0) this.subscribed.delete(stream);
    return ended.length > 0;
  }

  /** @throws STREAM_CONSUMER_EXISTS */
  async consume({ startId, reclaimIdleMs, ...request }: ConsumerRequest): Promise<void> {
    const { stream, group, consumer: name, count } = request;
    const { link } = this;
    const { log } = this.options;
    this.refuseTwice(stream, group, name);
    await link.run('XGROUP CREATE', (operations) => operations.ensureGroup(stream, group, startId));
    this.refuseTwice(stream, group, name);
    const reader = this.readers.forGroup(stream, group, name);
    const onFree = () => {
      reader.wake();
      upkeep.more();
    };
    const consumer = new GroupConsumer({ ...request, link, log, onFree });
    const upkeep = new GroupUpkeep(consumer, { stream, group, consumer: name, reclaimIdleMs, count, link, log });
    this.consumers.set(keyOf(stream, group, name), { stream, consumer, upkeep, reader });
    reader.add(consumer);
    upkeep.start();
  }

  /** @returns whether there was such a consumer. The callback in flight ends, what it had taken besides is given back. */
  stopConsumer(stream: string, group: string, name: string): boolean {
    const key = keyOf(stream, group, name);
    const running = this.consumers.get(key);
    if (running === undefined) return false;
    this.consumers.delete(key);
    void this.end(running);
    return true;
  }

  /** Callbacks in flight end (at most for `graceMs`), publishes are settled, then the connections close. */
  async close(graceMs: number): Promise<void> {
    const { log } = this.options;
    await this.trimmer.stop();
    const subscriptions = [...this.subscribed.values()].flatMap((it) => [...it]);
    const consumers = [...this.consumers.values()];
    this.subscribed.clear();
    this.consumers.clear();
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<'late'>((resolve) => (timer = setTimeout(() => resolve('late'), graceMs)));
    const ended = Promise.all([this.readers.stop(), ...subscriptions.map((it) => it.stop()), ...consumers.map((it) => this.end(it))]);
    // What the last read brought is given back by the second stop.
    const settled = ended.then(() => Promise.all([...consumers.map((it) => it.consumer.stop()), this.publisher.settled()]));
    if ((await Promise.race([settled, tooLate])) === 'late') log.warn({ graceMs }, 'Message callbacks did not end in time; their messages stay pending');
    clearTimeout(timer);
    await this.link.close();
  }

  private async end({ consumer, upkeep, reader }: RunningConsumer): Promise<void> {
    const stopped = consumer.stop();
    reader.remove(consumer);
    await stopped;
    await upkeep.stop();
  }

  private refuseTwice(stream: string, group: string, name: string): void {
    if (this.consumers.has(keyOf(stream, group, name))) {
      throw StreamErrors.STREAM_CONSUMER_EXISTS(`${keyOf(stream, group, name)} is consumed by this client already. Call stopConsumer first, or choose another consumer name.`);
    }
  }
}

function keyOf(stream: string, group: string, name: string): string {
  return `${stream}:${group}:${name}`;
}
