import type { TopicView } from '@angarium/contracts/broker-api';

/** A row of broker.message_topics as pg gives it: BIGINT as text. */
export interface TopicRow {
  readonly id: string;
  readonly name: string;
  readonly display_name: string | null;
  readonly description: string | null;
  readonly topic_type: string;
  readonly partition_count: number;
  readonly replication_factor: number;
  readonly retention_ms: string;
  readonly message_format: string;
  readonly schema_definition: Record<string, unknown> | null;
  readonly compression_type: string;
  readonly tenant_id: string;
  readonly is_public: boolean;
  readonly allowed_producers: string[];
  readonly allowed_consumers: string[];
  readonly status: TopicView['status'];
  readonly durability: TopicView['durability'];
  readonly dedup_window_ms: string;
  readonly max_queue_length: string | null;
  readonly version: number;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** What a tenant sees of a topic. The names of API keys are for its owner only. */
export function toTopicView(row: TopicRow, viewerTenantId: string): TopicView {
  const isOwner = row.tenant_id === viewerTenantId;
  return {
    id: row.id,
    name: row.name,
    topicType: row.topic_type,
    displayName: row.display_name,
    description: row.description,
    partitionCount: row.partition_count,
    replicationFactor: row.replication_factor,
    retentionMs: Number(row.retention_ms),
    messageFormat: row.message_format,
    schemaDefinition: row.schema_definition,
    compressionType: row.compression_type,
    isPublic: row.is_public,
    allowedProducers: isOwner ? row.allowed_producers : [],
    allowedConsumers: isOwner ? row.allowed_consumers : [],
    status: row.status,
    durability: row.durability,
    dedupWindowMs: Number(row.dedup_window_ms),
    maxQueueLength: row.max_queue_length === null ? null : Number(row.max_queue_length),
    tenantId: row.tenant_id,
    version: row.version,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}
