import { ignoreError } from '@angarium/errors';
import { entryFields, type Addresses } from '@angarium/contracts';
import { silentLogger, type HealthCheck, type Logger, type Metrics } from '@angarium/observability';
import { closeRedis, connectRedis, type RedisConnection } from '@angarium/redis';
import { readField, StreamOperations, type StreamEntry } from '@angarium/streams';
import { TransportErrors } from '../errors.js';
import { DeadLetterBox } from './give-up.js';
import { EntryHandling } from './handle-entry.js';
import { HeldEntries, type HeldEntry } from './held-entry.js';
import { KeyedQueue } from './keyed-queue.js';
import { byStream, LeaseKeeper } from './lease-keeper.js';
import { OrderedStreams } from './ordered-streams.js';
import { ReceiveMetrics } from './receive-metrics.js';
import { ReplyLane } from './reply-lane.js';
import type { Route } from './route.js';
import { SettleLane } from './settle-lane.js';
import { StreamReader } from './stream-reader.js';
import { TrimHandled } from './trim-handled.js';

/** Entries that may wait for a retry or for their key's turn, per place of the prefetch. */
const WAITING_PER_PREFETCH = 10;
/** A reader that was not answered for this long (a read blocks 5 s) is not healthy. */
const SILENT_MS = 12_000;
/** Acknowledging, giving back and leaving the groups; with Redis away there is nobody to tell. */
const TIDY_MS = 2_000;

export interface StreamConsumerOptions {
  readonly group: string;
  readonly instance: string;
  readonly routes: readonly Route[];
  readonly addresses: Addresses;
  readonly redisUrl: string;
  readonly redisFastUrl?: string | undefined;
  readonly prefetch: number;
  readonly leaseMs: number;
  readonly retentionMs: number;
  readonly trimEveryMs: number;
  readonly reconnectMaxMs?: number | undefined;
  readonly logger?: Logger | undefined;
  readonly metrics?: Metrics | undefined;
}

/**
 * The receiving end of one replica: reader → held entries → handler → acknowledgement, with leases kept beside it.
 * Starts although Redis is away and begins when it answers. `stop` lets running handlers end and gives the rest back.
 */
export class StreamConsumer {
  private readonly logger: Logger;
  private readonly commands: RedisConnection;
  private readonly replies: RedisConnection;
  private readonly operations: StreamOperations;
  private readonly held: HeldEntries;
  private readonly settleLane: SettleLane;
  private readonly replyLane: ReplyLane;
  private readonly deadLetters: DeadLetterBox;
  private readonly metrics: ReceiveMetrics;
  private readonly handling: EntryHandling;
  private readonly readers: StreamReader[];
  private readonly keeper: LeaseKeeper;
  private readonly ordered: OrderedStreams;
  private readonly trim: TrimHandled;
  private readonly keyed = new KeyedQueue();
  private readonly routes: ReadonlyMap<string, Route>;
  private redisBackAt = -Infinity;
  private isStopping = false;

  constructor(private readonly options: StreamConsumerOptions) {
    const { group, instance, routes, addresses, leaseMs, prefetch } = options;
    this.logger = options.logger ?? silentLogger;
    this.routes = new Map(routes.map((route) => [route.stream, route]));
    this.commands = this.connect('consume', options.redisUrl);
    this.replies = options.redisFastUrl === undefined || options.redisFastUrl === options.redisUrl ? this.commands : this.connect('answer', options.redisFastUrl);
    this.operations = new StreamOperations(this.commands);
    // one stream may not starve another: each read asks every stream for at least one entry
    const places = Math.max(prefetch, routes.length);
    this.held = new HeldEntries(places, places * WAITING_PER_PREFETCH);
    this.settleLane = new SettleLane(this.operations, group, this.held, this.logger);
    this.replyLane = new ReplyLane(this.replies, this.logger);
    this.metrics = new ReceiveMetrics(options.metrics);
    this.deadLetters = new DeadLetterBox(this.operations, { group, instance }, this.held, this.metrics, this.logger);
    const parts = { held: this.held, settleLane: this.settleLane, replyLane: this.replyLane, deadLetters: this.deadLetters };
    this.handling = new EntryHandling({ group, instance, ...parts, metrics: this.metrics, logger: this.logger });
    const shared = { operations: this.operations, group, consumer: instance, logger: this.logger, leaseMs };
    const takeOver = (stream: string, entry: StreamEntry & { deliveryCount: number }) => this.take(stream, entry, entry.deliveryCount, true);
    this.ordered = new OrderedStreams(
      routes.filter(({ isOrdered }) => isOrdered).map(({ stream }) => stream),
      { ...shared, commands: this.commands, leaseKey: (stream) => addresses.orderLease(stream, group), takeOver, onChange: () => this.wakeReaders() },
    );
    this.keeper = new LeaseKeeper({ ...shared, held: this.held, streams: () => this.freeEventStreams(), redisBackAt: () => this.redisBackAt, takeOver });
    this.trim = new TrimHandled({ ...shared, streams: [...this.routes.keys()], retentionMs: options.retentionMs, everyMs: options.trimEveryMs });
    this.readers = this.makeReaders();
    this.commands.on('ready', () => (this.redisBackAt = performance.now()));
  }

  start(): void {
    this.ordered.start();
    for (const reader of this.readers) reader.start();
    this.keeper.start();
    this.trim.start();
  }

  /** Reads nothing more, waits for running handlers at most `graceMs`, gives the rest back, closes. */
  async stop(graceMs: number): Promise<void> {
    this.isStopping = true;
    this.ordered.stopReading();
    await Promise.all(this.readers.map((reader) => reader.stop()));
    const deadline = performance.now() + graceMs;
    while (this.openCount > 0 && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
    this.deadLetters.stop();
    const tidied = this.tidyUp().catch(ignoreError(this.logger, 'stream-consumer.stop', 'the leases end by themselves'));
    await Promise.race([tidied, new Promise((resolve) => setTimeout(resolve, TIDY_MS).unref())]);
    this.held.endWaits();
    if (this.replies !== this.commands) await closeRedis(this.replies);
    await closeRedis(this.commands);
  }

  /** Is the reader being answered? */
  health(): HealthCheck {
    return {
      name: 'stream-consumer',
      check: () => {
        const silentMs = Math.max(0, ...this.readers.map(({ lastAnswerAt }) => performance.now() - lastAnswerAt));
        const isBusy = this.held.room('event') === 0 || this.held.room('request') === 0;
        if (this.commands.status !== 'ready' || (silentMs > SILENT_MS && !isBusy)) {
          return Promise.reject(TransportErrors.TRANSPORT_UNAVAILABLE(`The stream reader was not answered for ${Math.round(silentMs / 1000)} s.`));
        }
        return Promise.resolve({ streams: this.routes.size, running: this.held.runningCount });
      },
    };
  }

  private take(stream: string, entry: StreamEntry, deliveryCount: number, isRepeated: boolean): void {
    const route = this.routes.get(stream);
    if (route === undefined || this.isStopping || this.held.has(stream, entry.id)) return;
    const held: HeldEntry = {
      route,
      id: entry.id,
      fields: entry.fields,
      heldSince: performance.now(),
      state: route.isOrdered ? 'waiting' : 'running',
      attempts: deliveryCount + 1,
      outages: 0,
      trail: [],
    };
    this.held.add(held);
    if (isRepeated) this.metrics.reclaimed(route.type, 1);
    // trimmed away by somebody while it was pending: nothing is left to handle
    if (entry.fields.length === 0) return this.settleLane.settle(held);
    if (route.kind === 'event' && deliveryCount >= route.retry.maxAttempts) {
      void this.deadLetters.giveUp(held, TransportErrors.ENTRY_ABANDONED.code);
    } else if (route.isOrdered) void this.keyed.run(orderKey(held), () => this.handleInTurn(held));
    else void this.handling.run(held);
  }

  private async handleInTurn(entry: HeldEntry): Promise<void> {
    if (this.isStopping) return;
    // another replica has the right now and takes this entry over
    if (!this.ordered.mayHandle(entry.route.stream)) return this.held.remove(entry);
    this.held.change(entry, 'running');
    await this.handling.run(entry);
  }

  /** What a stop waits for: running handlers, and their acknowledgements as long as Redis can take them. */
  private get openCount(): number {
    return this.commands.status === 'ready' ? this.held.unfinishedCount : this.held.runningCount;
  }

  private async tidyUp(): Promise<void> {
    const { group, instance, leaseMs } = this.options;
    await Promise.all([this.keeper.stop(), this.trim.stop()]);
    await this.settleLane.drain();
    await this.replyLane.flush();
    for (const [stream, entries] of byStream(this.held.all(), ({ route }) => route.kind === 'event')) await this.operations.giveBack(stream, group, instance, entries, leaseMs);
    for (const stream of this.routes.keys()) await this.operations.forgetConsumer(stream, group, instance);
    await this.ordered.release();
  }

  private streamsOf(kind: Route['kind']): string[] {
    return [...this.routes.values()].filter((route) => route.kind === kind).map(({ stream }) => stream);
  }

  private freeEventStreams(): string[] {
    return this.streamsOf('event').filter((stream) => !this.ordered.isOrdered(stream));
  }

  private wakeReaders(): void {
    for (const reader of this.readers) reader.wake().catch(ignoreError(this.logger, 'stream-consumer.wake', 'the read ends by itself'));
  }

  /**
   * One reader for events, one for requests; on a cluster one for each stream, because a command may not span slots.
   * A request is handed over at most once: whoever asked has its deadline, and a question half carried out is not asked again.
   */
  private makeReaders(): StreamReader[] {
    const events = () => [...this.freeEventStreams(), ...this.ordered.readable()];
    const requests = () => this.streamsOf('request');
    const isCluster = this.options.redisUrl.startsWith('redis+cluster:');
    const perStream = (kind: Route['kind'], all: () => string[]) => this.streamsOf(kind).map((stream) => this.readerOf(kind, () => all().filter((it) => it === stream)));
    if (isCluster) return [...perStream('event', events), ...perStream('request', requests)];
    const readers = { event: events, request: requests };
    return (['event', 'request'] as const).filter((kind) => this.streamsOf(kind).length > 0).map((kind) => this.readerOf(kind, readers[kind]));
  }

  private readerOf(kind: Route['kind'], streams: () => string[]): StreamReader {
    const { group, instance: consumer, redisUrl } = this.options;
    return new StreamReader({
      ...{ operations: this.operations, group, consumer, logger: this.logger, streams, commands: this.commands },
      // a read that was cut off must fail, so that what it may have taken is recovered before the next one
      blocking: this.connect(`read-${kind}s`, redisUrl, { maxRetriesPerRequest: 0 }),
      room: () => this.held.room(kind),
      untilRoom: () => this.held.untilRoom(kind),
      keepsPending: kind === 'event',
      take: (stream, entry, isRepeated) => this.take(stream, entry, 0, isRepeated),
    });
  }

  private connect(name: string, url: string, override = {}): RedisConnection {
    const { group, reconnectMaxMs } = this.options;
    return connectRedis({ url, name: `${group}:${name}`, logger: this.logger, override, ...(reconnectMaxMs === undefined ? {} : { reconnectMaxMs }) });
  }
}

/** What must keep its order: the partition key, else the subject, else the whole stream. Unreadable attributes share one key. */
function orderKey({ route, fields }: HeldEntry): string {
  try {
    const { partitionkey, subject } = JSON.parse(readField(fields, entryFields.event) ?? '{}') as { partitionkey?: unknown; subject?: unknown };
    const key = partitionkey ?? subject;
    return `${route.stream} ${typeof key === 'string' ? key : ''}`;
  } catch {
    return `${route.stream} `;
  }
}
