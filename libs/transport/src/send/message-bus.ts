import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import {
  createAddresses,
  entryFields,
  type Addresses,
  type EncodedEvent,
  type EventContract,
  type InputOf,
  type RequestContract,
  type ResponseOf,
} from '@angarium/contracts';
import { ignoreError } from '@angarium/errors';
import { silentLogger, type Counter, type Logger } from '@angarium/observability';
import { closeRedis, connectRedis, type RedisConnection } from '@angarium/redis';
import { StreamOperations, type EntryToAppend } from '@angarium/streams';
import type { TransportOptions } from '../transport-options.js';
import { AppendLane } from './append-lane.js';
import { encodeEvent, encodeRequest, type EncodeOptions, type Source } from './encode-event.js';
import { ReplyInbox, type ReplyListener } from './reply-inbox.js';

const DEFAULT_EMIT_TIMEOUT_MS = 10_000;
/** How long an id given by the caller is remembered. */
const DEDUP_WINDOW_MS = 24 * 3_600_000;
/** Requests are trimmed when no deadline can still be open. */
const REQUEST_LIFE_MS = 600_000;
const EVENT_LIFE_MS = 86_400_000;
const TRIM_EVERY_MS = 60_000;

export interface EmitOptions extends EncodeOptions {
  /** Longest wait for Redis, in milliseconds. Default 10 000. */
  readonly timeoutMs?: number;
  /** `closed` (default): throws when the event was not stored. `open`: answers null and the caller goes on. */
  readonly failureMode?: 'open' | 'closed';
}

export interface SendOptions {
  /** Deadline of the whole request, in milliseconds. Default: the contract's. */
  readonly timeoutMs?: number;
}

/**
 * The sending end: one typed call for events and requests. One instance per process; it owns its connections.
 * All calls settle: with the answer, a typed error, or at their deadline.
 */
export class MessageBus {
  readonly source: Source;
  readonly addresses: Addresses;
  private readonly logger: Logger;
  private readonly redis: RedisConnection;
  private readonly operations: StreamOperations;
  private readonly inbox: ReplyInbox;
  private readonly lanes = new Map<string, AppendLane>();
  private readonly producer = randomUUID();
  private readonly emitted: Counter<'type' | 'outcome'> | undefined;
  private readonly trimmedAt = new Map<string, number>();
  private readonly eventLifeMs: number;

  constructor(options: TransportOptions) {
    this.source = { service: options.service, instance: options.instance ?? `${hostname()}-${process.pid}` };
    this.addresses = createAddresses(options.namespace);
    this.eventLifeMs = options.retentionMs ?? EVENT_LIFE_MS;
    this.logger = options.logger ?? silentLogger;
    const connection = { logger: this.logger, ...(options.reconnectMaxMs === undefined ? {} : { reconnectMaxMs: options.reconnectMaxMs }) };
    this.redis = connectRedis({ ...connection, url: options.redisUrl, name: `${options.service}:emit` });
    this.operations = new StreamOperations(this.redis);
    const connectSubscriber = () => connectRedis({ ...connection, url: options.redisFastUrl ?? options.redisUrl, name: `${options.service}:replies` });
    this.inbox = new ReplyInbox(connectSubscriber, (it) => this.addresses.replyChannel(it), this.source.instance, this.logger);
    this.emitted = options.metrics?.counter('messages_emitted_total', 'Messages handed to Redis.', ['type', 'outcome']);
  }

  /**
   * States a fact. Resolves with the event's id when Redis has stored it.
   * @throws CONTRACT_BROKEN; TRANSPORT_UNAVAILABLE, TRANSPORT_OVERLOADED (unless `failureMode: 'open'`: then null).
   */
  async emit<C extends EventContract>(contract: C, payload: InputOf<C>, options: EmitOptions = {}): Promise<string | null> {
    const event = encodeEvent(contract, payload, this.source, options);
    return this.emitEncoded(event, { ...options, isDeduplicated: options.id !== undefined });
  }

  /** Stores events that were encoded before (an outbox hands them over). Each id is stored once, however often it comes. */
  async publishEncoded(events: readonly EncodedEvent[]): Promise<void> {
    await Promise.all(events.map((event) => this.emitEncoded(event, { isDeduplicated: true })));
  }

  /** As `emit`, for an event that is encoded already. */
  async emitEncoded(event: EncodedEvent, options: Omit<EmitOptions, keyof EncodeOptions> & { isDeduplicated?: boolean } = {}): Promise<string | null> {
    const { id, type } = event.attributes;
    const { failureMode = 'closed', timeoutMs = DEFAULT_EMIT_TIMEOUT_MS } = options;
    if (failureMode === 'open' && this.redis.status !== 'ready') return this.giveUp(type, id);
    const stream = this.addresses.eventStream(type);
    const entry: EntryToAppend = {
      fields: [entryFields.event, JSON.stringify(event.attributes), entryFields.data, event.data],
      ...(options.isDeduplicated ? { dedupKey: this.addresses.dedupKey(stream, id) } : {}),
    };
    try {
      await this.laneOf(stream).append(entry, timeoutMs);
    } catch (error) {
      if (failureMode === 'open') return this.giveUp(type, id);
      this.emitted?.inc({ type, outcome: 'failed' });
      throw error;
    }
    this.emitted?.inc({ type, outcome: 'stored' });
    this.trimSometimes(stream, 'events');
    return id;
  }

  /**
   * Asks a question and waits for its one answer.
   * @throws the responder's error with its code; REQUEST_TIMEOUT at the deadline; CONTRACT_BROKEN; TRANSPORT_UNAVAILABLE.
   */
  async send<C extends RequestContract>(contract: C, payload: InputOf<C>, options: SendOptions = {}): Promise<ResponseOf<C>> {
    const request = encodeRequest(contract, payload, this.source);
    const answer = await new Promise<unknown>((resolve, reject) => {
      let last: unknown;
      const listener: ReplyListener = { next: (value) => (last = value), error: reject, complete: () => resolve(last) };
      this.open(request, options.timeoutMs ?? contract.timeoutMs, listener);
    });
    return contract.responseSchema.parse(answer) as ResponseOf<C>;
  }

  /** Sends an encoded request; answers go to the listener. @returns a function that stops listening. */
  open(request: EncodedEvent, timeoutMs: number, listener: ReplyListener): () => void {
    const { type } = request.attributes;
    const deadline = Date.now() + timeoutMs;
    const id = this.inbox.expect(type, deadline, listener);
    const stream = this.addresses.requestStream(type);
    const fields = [
      ...[entryFields.event, JSON.stringify(request.attributes), entryFields.data, request.data],
      ...[entryFields.replyTo, this.inbox.channel, entryFields.requestId, id, entryFields.deadline, String(deadline)],
    ];
    this.inbox
      .ready()
      .then(() => (Date.now() < deadline ? this.laneOf(stream).append({ fields }, timeoutMs) : undefined))
      .catch((error: unknown) => this.inbox.fail(id, error));
    this.trimSometimes(stream, 'requests');
    return () => this.inbox.forget(id);
  }

  /** Resolves when Redis answers; for readiness and for tests. */
  async ping(): Promise<void> {
    await this.redis.ping();
  }

  /** Lets what was accepted be stored (at most `graceMs`), settles open requests, closes the connections. Idempotent. */
  async close(graceMs = 5_000): Promise<void> {
    const drained = Promise.all([...this.lanes.values()].map((lane) => lane.close()));
    await Promise.race([drained, new Promise((resolve) => setTimeout(resolve, graceMs).unref())]);
    await this.inbox.close();
    await closeRedis(this.redis);
  }

  private giveUp(type: string, id: string): null {
    this.emitted?.inc({ type, outcome: 'given-up' });
    this.logger.warn({ type, id }, 'event not stored; the caller goes on without it (fail-open)');
    return null;
  }

  private laneOf(stream: string): AppendLane {
    let lane = this.lanes.get(stream);
    if (lane === undefined) {
      lane = new AppendLane(this.operations, stream, this.addresses.producerKey(stream, this.producer), DEDUP_WINDOW_MS);
      this.lanes.set(stream, lane);
    }
    return lane;
  }

  /** A stream that nobody reads must not grow for ever: once a minute what is too old goes. Events that a group has not handled stay. */
  private trimSometimes(stream: string, kind: 'events' | 'requests'): void {
    const now = Date.now();
    if (now - (this.trimmedAt.get(stream) ?? 0) < TRIM_EVERY_MS || this.redis.status !== 'ready') return;
    this.trimmedAt.set(stream, now);
    const trimmed =
      kind === 'events'
        ? this.operations.trim(stream, { olderThanMs: this.eventLifeMs })
        : this.operations.trimRegardless(stream, { olderThanMs: REQUEST_LIFE_MS });
    trimmed.catch(ignoreError(this.logger, 'message-bus.trim', 'the next minute trims again'));
  }
}

