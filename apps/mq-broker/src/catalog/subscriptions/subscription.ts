import type { Destination, RetryPolicy } from '@angarium/contracts/broker-api';
import type { FilterMessage } from '../../flow/fan-out/match-filter.js';

/** A subscription as delivering needs it. */
export interface Subscription {
  readonly id: string;
  readonly topicId: string;
  readonly topicName: string;
  /** Whose topic it is. */
  readonly topicTenantId: string;
  readonly topicDurability: 'commit' | 'stream';
  readonly partitionCount: number;
  /** By partition, the oldest offset that may still be delivered: what is before it was purged. */
  readonly firstOffsets: readonly number[];
  readonly tenantId: string;
  readonly tenantName: string;
  readonly destination: Destination;
  /** Undefined: every message. */
  readonly matches: ((message: FilterMessage) => boolean) | undefined;
  readonly maxInFlight: number;
  readonly batchSize: number;
  readonly ackTimeoutMs: number;
  readonly maxAttempts: number;
  readonly retry: RetryPolicy;
  readonly deadLetterTopic: string | null;
  readonly isOrdered: boolean;
  readonly status: 'active' | 'paused' | 'stopped' | 'disabled';
  /** As Postgres knows it, for all replicas. */
  readonly breaker: { readonly state: 'closed' | 'open' | 'half-open'; readonly untilMs: number; readonly trips: number };
  readonly failingSinceMs: number | null;
  /** Names of API keys of the topic's own tenant; empty for subscriptions of others. */
  readonly allowedConsumers: ReadonlySet<string>;
}

export const isPush = ({ destination }: Subscription): boolean => destination.type !== 'pull';
