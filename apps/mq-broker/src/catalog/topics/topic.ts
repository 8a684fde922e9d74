import type { ValidateFunction } from 'ajv';

/** A topic as publishing needs it. */
export interface Topic {
  readonly id: string;
  readonly tenantId: string;
  readonly name: string;
  readonly version: number;
  readonly partitionCount: number;
  readonly status: 'active' | 'paused' | 'archived';
  readonly durability: 'commit' | 'stream';
  readonly dedupWindowMs: number;
  readonly maxQueueLength: number | undefined;
  readonly isPublic: boolean;
  /** Empty: whoever of the tenant has the scope. */
  readonly allowedProducers: ReadonlySet<string>;
  readonly allowedConsumers: ReadonlySet<string>;
  /** Compiled once per version; undefined where the topic has no schema. */
  readonly validate: ValidateFunction | undefined;
}
