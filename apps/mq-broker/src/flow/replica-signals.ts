import { ignoreError } from '@angarium/errors';
import type { Addresses } from '@angarium/contracts';
import type { Logger } from '@angarium/observability';
import { closeRedis, connectRedis, type RedisConnection } from '@angarium/redis';
import type { CatalogChange, CatalogSignals } from '../catalog/catalog-signals.js';
import type { PartitionId } from './partition-streams.js';

/** Partitions that were appended to within so long are told of together. */
const GATHER_MS = 5;

export interface ReplicaSignalsOptions {
  /** What may vanish: pub/sub. */
  readonly redisUrl: string;
  readonly addresses: Addresses;
  readonly instance: string;
  readonly signals: CatalogSignals;
  readonly logger: Logger;
  /** Another replica appended to this partition. */
  readonly onAppended: (at: PartitionId) => void;
}

/**
 * What replicas tell each other by Redis pub/sub: a topic or subscription changed, a partition has new messages. Best effort:
 * whoever misses one looks for itself within a second or two.
 */
export class ReplicaSignals {
  private readonly sender: RedisConnection;
  private readonly listener: RedisConnection;
  private readonly appended = new Set<string>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: ReplicaSignalsOptions) {
    const { redisUrl: url, addresses, signals, logger } = options;
    // a signal that cannot go out now is worth nothing later
    this.sender = connectRedis({ url, name: 'mq-broker:signals', logger, override: { maxRetriesPerRequest: 0, enableOfflineQueue: false } });
    this.listener = connectRedis({ url, name: 'mq-broker:hears', logger });
    this.listener.subscribe(addresses.mqKey('catalog'), addresses.mqKey('appended')).catch(ignoreError(logger, 'replica-signals', 'ioredis subscribes again when it is connected'));
    this.listener.on('message', (channel: string, text: string) => this.heard(channel, text));
    signals.sendThrough((change) => this.send('catalog', { from: options.instance, change }));
  }

  /** Tells the others soon. Returns at once, never throws. */
  tellAppended({ topicId, partition }: PartitionId): void {
    this.appended.add(`${topicId}/${partition}`);
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.send('appended', { from: this.options.instance, partitions: [...this.appended] });
      this.appended.clear();
    }, GATHER_MS);
  }

  async close(): Promise<void> {
    clearTimeout(this.timer);
    await Promise.all([closeRedis(this.sender), closeRedis(this.listener)]);
  }

  private send(channel: 'catalog' | 'appended', message: object): void {
    const { addresses, logger } = this.options;
    this.sender.publish(addresses.mqKey(channel), JSON.stringify(message)).catch(ignoreError(logger, 'replica-signals', 'the other replicas look for themselves'));
  }

  private heard(channel: string, text: string): void {
    const { addresses, instance, signals, onAppended, logger } = this.options;
    try {
      const message = JSON.parse(text) as { from: string; change?: CatalogChange; partitions?: string[] };
      if (message.from === instance) return;
      if (channel === addresses.mqKey('catalog') && message.change !== undefined) signals.heard(message.change);
      for (const name of message.partitions ?? []) {
        const [topicId = '', partition] = name.split('/');
        onAppended({ topicId, partition: Number(partition) });
      }
    } catch (error) {
      ignoreError(logger, 'replica-signals', 'somebody else writes to our channel')(error);
    }
  }
}
