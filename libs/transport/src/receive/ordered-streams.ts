import { describeError, ignoreError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import type { RedisConnection } from '@angarium/redis';
import type { ReclaimedEntry, StreamOperations } from '@angarium/streams';
import { OrderLease } from './order-lease.js';

const PAGE_COUNT = 200;

export interface OrderedStreamsOptions {
  readonly commands: RedisConnection;
  readonly operations: StreamOperations;
  readonly group: string;
  readonly consumer: string;
  readonly leaseMs: number;
  readonly logger: Logger;
  readonly leaseKey: (stream: string) => string;
  readonly takeOver: (stream: string, entry: ReclaimedEntry) => void;
  /** The set of streams that this replica reads changed. */
  readonly onChange: () => void;
}

/**
 * Streams whose entries are handled in order: one replica reads each at a time.
 * free → (lease taken) taking over what the last reader left, oldest first → reading → (lease lost or given up) free.
 */
export class OrderedStreams {
  private readonly leases: Map<string, OrderLease>;
  private readonly reading = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private pass: Promise<void> | undefined;

  constructor(
    streams: readonly string[],
    private readonly options: OrderedStreamsOptions,
  ) {
    const { commands, leaseKey, consumer, leaseMs } = options;
    this.leases = new Map(streams.map((stream) => [stream, new OrderLease(commands, leaseKey(stream), consumer, leaseMs)]));
  }

  start(): void {
    if (this.leases.size === 0) return;
    this.runPass();
    this.timer = setInterval(() => this.runPass(), this.options.leaseMs / 3);
  }

  /** Streams this replica may read now. */
  readable(): string[] {
    return [...this.reading].filter((stream) => this.mayHandle(stream));
  }

  /** Whether the next entry of the stream may be handled here; false once the lease is lost. */
  mayHandle(stream: string): boolean {
    return this.leases.get(stream)?.isHeld ?? true;
  }

  isOrdered(stream: string): boolean {
    return this.leases.has(stream);
  }

  /** Keeps the leases until `release`, but reads nothing more. */
  stopReading(): void {
    this.reading.clear();
  }

  async release(): Promise<void> {
    clearInterval(this.timer);
    await this.pass;
    for (const lease of this.leases.values()) {
      if (lease.isHeld) await lease.release().catch(ignoreError(this.options.logger, 'ordered-streams', 'the lease ends by itself'));
    }
  }

  private runPass(): void {
    this.pass ??= this.renewAll().finally(() => (this.pass = undefined));
  }

  private async renewAll(): Promise<void> {
    for (const [stream, lease] of this.leases) {
      try {
        const hasIt = await lease.renew();
        if (hasIt && !this.reading.has(stream)) await this.begin(stream);
        if (!hasIt) this.end(stream);
      } catch (error) {
        this.options.logger.warn({ stream, reason: describeError(error) }, 'order lease not renewed; trying again');
        if (!lease.isHeld) this.end(stream);
      }
    }
  }

  /** Everything pending comes first, whoever had it: its reader is gone or has lost the right. */
  private async begin(stream: string): Promise<void> {
    const { operations, group, consumer, takeOver, onChange } = this.options;
    await operations.ensureGroup(stream, group);
    for (let cursor = '', isFirst = true; isFirst || cursor !== ''; isFirst = false) {
      const page = await operations.reclaim({ stream, group, consumer, minIdleMs: 0, count: PAGE_COUNT, cursor });
      for (const entry of page.entries) takeOver(stream, entry);
      cursor = page.cursor;
    }
    this.reading.add(stream);
    onChange();
  }

  private end(stream: string): void {
    if (this.reading.delete(stream)) this.options.onChange();
  }
}
