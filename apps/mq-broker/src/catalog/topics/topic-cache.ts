import { SYSTEM_TENANT_ID } from '@angarium/auth';
import type { Sql } from '@angarium/database';
import { ignoreError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import type { CatalogSignals } from '../catalog-signals.js';
import { checkSchema } from './check-schema.js';
import type { Topic } from './topic.js';

/** Older than this it is looked up again, in the background. */
const FRESH_MS = 2_000;
/** Older than this it is not used any more, whatever Postgres says. */
const USABLE_MS = 60_000;
const MISSING_MS = 1_000;
const MAX_ENTRIES = 20_000;

export { SYSTEM_TENANT_ID };

interface Entry {
  topic: Topic | undefined;
  readAt: number;
  reading: Promise<Topic | undefined> | undefined;
}

interface TopicRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly name: string;
  readonly version: number;
  readonly partition_count: number;
  readonly status: Topic['status'];
  readonly durability: Topic['durability'];
  readonly dedup_window_ms: string;
  readonly max_queue_length: string | null;
  readonly is_public: boolean;
  readonly allowed_producers: string[];
  readonly allowed_consumers: string[];
  readonly schema_definition: Record<string, unknown> | null;
}

/**
 * Topics by name, remembered: a publish does not ask Postgres which topic it is. A change is heard by signal at once,
 * and without the signal after two seconds.
 */
export class TopicCache {
  private readonly entries = new Map<string, Entry>();

  constructor(
    private readonly sql: Sql,
    signals: CatalogSignals,
    private readonly logger: Logger,
    private readonly now: () => number = () => performance.now(),
  ) {
    signals.onChange(({ kind, id }) => {
      if (kind !== 'topic') return;
      // one that was created may be remembered as missing
      for (const [name, { topic }] of this.entries) if (topic === undefined || topic.id === id) this.entries.delete(name);
    });
  }

  /**
   * The tenant's topic of this name; undefined when it has none. Answers at once where it is remembered.
   * @throws DATABASE_UNAVAILABLE where it has to be looked up.
   */
  find(tenantId: string, name: string): Topic | undefined | Promise<Topic | undefined> {
    const key = `${tenantId}/${name}`;
    const entry = this.entries.get(key);
    if (entry === undefined) return this.read(key, tenantId, name, { topic: undefined, readAt: -Infinity, reading: undefined });
    const age = this.now() - entry.readAt;
    if (age < (entry.topic === undefined ? MISSING_MS : FRESH_MS)) return entry.topic;
    const reading = entry.reading ?? this.read(key, tenantId, name, entry);
    if (entry.topic === undefined || age > USABLE_MS) return reading;
    reading.catch(ignoreError(this.logger, 'topic-cache', 'what is remembered is used a little longer'));
    return entry.topic;
  }

  private read(key: string, tenantId: string, name: string, entry: Entry): Promise<Topic | undefined> {
    if (this.entries.size >= MAX_ENTRIES) this.entries.clear();
    this.entries.set(key, entry);
    const reading = this.load(tenantId, name, entry.topic).then(
      (topic) => {
        entry.topic = topic;
        entry.readAt = this.now();
        entry.reading = undefined;
        return topic;
      },
      (error: unknown) => {
        entry.reading = undefined;
        if (entry.topic === undefined) this.entries.delete(key);
        throw error;
      },
    );
    return (entry.reading = reading);
  }

  private async load(tenantId: string, name: string, known: Topic | undefined): Promise<Topic | undefined> {
    const [row] = await this.sql.query<TopicRow>(
      `SELECT id, tenant_id, name, version, partition_count, status, durability, dedup_window_ms, max_queue_length, is_public,
         allowed_producers, allowed_consumers, schema_definition
       FROM broker.message_topics WHERE tenant_id = $1 AND name = $2`,
      [tenantId, name],
      'find-topic',
    );
    if (row === undefined || (row.id === known?.id && row.version === known.version)) return row && known;
    return {
      ...{ id: row.id, tenantId: row.tenant_id, name: row.name, version: row.version, partitionCount: row.partition_count },
      ...{ status: row.status, durability: row.durability, dedupWindowMs: Number(row.dedup_window_ms), isPublic: row.is_public },
      maxQueueLength: row.max_queue_length === null ? undefined : Number(row.max_queue_length),
      allowedProducers: new Set(row.allowed_producers),
      allowedConsumers: new Set(row.allowed_consumers),
      validate: row.schema_definition === null ? undefined : checkSchema(row.schema_definition),
    };
  }
}
