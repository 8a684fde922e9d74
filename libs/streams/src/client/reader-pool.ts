import { Cluster } from 'ioredis';
import type { Logger } from '@angarium/observability';
import type { RedisConnection } from '@angarium/redis';
import { BlockingReader, type ReadCommand, type ReadSource } from './blocking-reader.js';
import type { Link } from './link.js';
import { readGroup, readStreams } from './read-commands.js';

export interface ReaderPoolOptions {
  readonly open: (name: string) => RedisConnection;
  readonly link: Link;
  readonly log: Logger;
}

/**
 * The blocking connections of a client: one for all subscriptions, and one for each group and consumer name (a command of
 * Redis reads for one of these only). In a Redis Cluster one for each stream, because one command reads one slot only.
 * Connections are opened when the first source comes and closed when the last one is gone.
 */
export class ReaderPool {
  private readonly readers = new Map<string, BlockingReader>();

  constructor(private readonly options: ReaderPoolOptions) {}

  /** The reader of a subscription. */
  forStream(stream: string): PooledReader {
    return this.pooled(this.keyOf('subscriptions', stream), readStreams);
  }

  /** The reader of a consumer. */
  forGroup(stream: string, group: string, consumer: string): PooledReader {
    return this.pooled(this.keyOf(JSON.stringify([group, consumer]), stream), readGroup(group, consumer));
  }

  /** Ends every read; what has arrived is handed to its source. */
  async stop(): Promise<void> {
    const readers = [...this.readers.values()];
    this.readers.clear();
    await Promise.all(readers.map((it) => it.stop()));
  }

  private keyOf(kind: string, stream: string): string {
    return this.options.link.redis instanceof Cluster ? `${kind} ${stream}` : kind;
  }

  private pooled(key: string, read: ReadCommand): PooledReader {
    return {
      add: (source) => {
        let reader = this.readers.get(key);
        if (reader === undefined) {
          reader = this.open(read);
          this.readers.set(key, reader);
        }
        reader.add(source);
      },
      remove: (source) => {
        const reader = this.readers.get(key);
        reader?.remove(source);
        if (reader?.isEmpty !== true) return;
        this.readers.delete(key);
        void reader.stop();
      },
      wake: () => this.readers.get(key)?.wake(),
    };
  }

  private open(read: ReadCommand): BlockingReader {
    const { open, link, log } = this.options;
    const { redis } = link;
    // A cluster would take CLIENT UNBLOCK to any of its nodes; there a change waits until the read has ended by itself.
    const unblock = redis instanceof Cluster ? undefined : async (clientId: number) => Number(await redis.client('UNBLOCK', clientId));
    return new BlockingReader({ connection: open('streams-reader'), read, unblock, log });
  }
}

/** A reader of the pool, opened with its first source and closed with its last one. */
export interface PooledReader {
  add(source: ReadSource): void;
  remove(source: ReadSource): void;
  wake(): void;
}
