import { randomUUID } from 'node:crypto';
import { AngariumError, ignoreError, isWireError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import { closeRedis, type RedisConnection } from '@angarium/redis';
import { TransportErrors } from '../errors.js';
import type { ReplyPacket } from '../reply-packet.js';

const SWEEP_MS = 50;

/** Where the answers to one request go. */
export interface ReplyListener {
  next(value: unknown): void;
  error(error: unknown): void;
  complete(): void;
}

interface Open {
  readonly listener: ReplyListener;
  readonly deadline: number;
  readonly type: string;
}

/**
 * The one channel on which a process hears answers. Every opened request is settled: by its answer, by an error, or at its deadline
 * (a lost answer, a dead responder or a Redis that went away all end there).
 */
export class ReplyInbox {
  /** Unique per process start: an answer to a former life is heard by nobody. */
  readonly channel: string;
  private readonly open = new Map<string, Open>();
  private readonly prefix = randomUUID().slice(0, 8);
  private counter = 0;
  private listening: Promise<void> | undefined;
  private sweeper: NodeJS.Timeout | undefined;

  constructor(
    private readonly connect: () => RedisConnection,
    channelFor: (instance: string) => string,
    instance: string,
    private readonly logger: Logger,
  ) {
    this.channel = channelFor(`${instance}:${this.prefix}`);
  }

  private subscriber: RedisConnection | undefined;

  /** Opens a request. @returns its id; the listener is settled at `deadline` (ms since 1970) at the latest. */
  expect(type: string, deadline: number, listener: ReplyListener): string {
    const id = `${this.prefix}-${++this.counter}`;
    this.open.set(id, { listener, deadline, type });
    this.sweeper ??= setInterval(() => this.expire(Date.now()), SWEEP_MS).unref();
    return id;
  }

  /** Forgets a request without settling it (its caller does not wait any more). */
  forget(id: string): void {
    this.open.delete(id);
  }

  /** Fails one request now, for example because it could not be sent. */
  fail(id: string, error: unknown): void {
    const request = this.take(id);
    request?.listener.error(error);
  }

  /** Resolves when answers can be heard. Waits while Redis is away. */
  ready(): Promise<void> {
    this.listening ??= this.listen().catch((error: unknown) => {
      this.listening = undefined;
      throw error;
    });
    return this.listening;
  }

  async close(): Promise<void> {
    clearInterval(this.sweeper);
    for (const id of [...this.open.keys()]) this.fail(id, TransportErrors.TRANSPORT_CLOSED());
    if (this.subscriber) await closeRedis(this.subscriber);
  }

  private async listen(): Promise<void> {
    this.subscriber ??= this.connect();
    this.subscriber.on('message', (_channel: string, text: string) => this.receive(text));
    await this.subscriber.subscribe(this.channel);
  }

  private receive(text: string): void {
    let packets: ReplyPacket[];
    try {
      packets = JSON.parse(text) as ReplyPacket[];
    } catch (error) {
      ignoreError(this.logger, 'reply-inbox', 'not an answer of this transport; the request ends at its deadline')(error);
      return;
    }
    for (const packet of packets) this.settle(packet);
  }

  private settle({ id, value, error, isLast }: ReplyPacket): void {
    const request = isLast || error !== undefined ? this.take(id) : this.open.get(id);
    if (request === undefined) return;
    if (error !== undefined) return request.listener.error(isWireError(error) ? AngariumError.fromWire(error) : error);
    if (value !== undefined) request.listener.next(value);
    if (isLast) request.listener.complete();
  }

  private take(id: string): Open | undefined {
    const request = this.open.get(id);
    this.open.delete(id);
    return request;
  }

  private expire(now: number): void {
    for (const [id, { deadline, type }] of this.open) {
      if (deadline <= now) this.fail(id, TransportErrors.REQUEST_TIMEOUT(`No answer to ${type} came before the deadline.`, { details: { type } }));
    }
    if (this.open.size > 0) return;
    clearInterval(this.sweeper);
    this.sweeper = undefined;
  }
}
