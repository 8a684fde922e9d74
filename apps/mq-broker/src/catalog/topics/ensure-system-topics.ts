import type { EventContract } from '@angarium/contracts';
import type { SqlRunner } from '@angarium/database';
import { SYSTEM_TENANT_ID } from './topic-cache.js';

/** Topics behind the internal API. They carry what is nobody's business but the services': not public. */
export const internalTopics = {
  'user-events': 'What happened to users.',
  'user-notifications': 'What users are told.',
  'audit-logs': 'Entries for the audit trail.',
  notifications: 'Notifications of any kind.',
} as const;
export type InternalTopic = keyof typeof internalTopics;

/** Events may come again from their streams after an outage, and services repeat their calls: a day, not the usual five minutes. */
const DEDUP_WINDOW_MS = 86_400_000;

interface SystemTopic {
  readonly name: string;
  readonly description: string;
  readonly isPublic: boolean;
}

/** Those of contract events, which each tenant may subscribe to, and the internal ones. */
export function systemTopics(events: readonly EventContract[]): SystemTopic[] {
  return [
    ...events.map(({ name, description }) => ({ name, description, isPublic: true })),
    ...Object.entries(internalTopics).map(([name, description]) => ({ name, description, isPublic: false })),
  ];
}

const ENSURE = `
  WITH made AS (
    INSERT INTO broker.message_topics (tenant_id, name, description, is_public, dedup_window_ms)
    SELECT $1, wanted.name, wanted.description, wanted.is_public, $5 FROM unnest($2::text[], $3::text[], $4::boolean[]) AS wanted(name, description, is_public)
    ON CONFLICT (tenant_id, name) DO NOTHING
    RETURNING id, name, partition_count
  ), partitioned AS (
    INSERT INTO broker.topic_partitions (topic_id, partition_id) SELECT made.id, p FROM made, generate_series(0, made.partition_count - 1) AS p
  )
  SELECT id, name FROM made ORDER BY name`;

/**
 * Creates the topics of the system tenant that are missing, in one statement: one for each of `events`, and the internal ones; those that exist stay as they are.
 * Idempotent, also from several replicas at once. @returns what was created now. @throws DATABASE_UNAVAILABLE.
 */
export async function ensureSystemTopics(sql: SqlRunner, events: readonly EventContract[]): Promise<{ readonly id: string; readonly name: string }[]> {
  const topics = systemTopics(events);
  const columns = [topics.map((it) => it.name), topics.map((it) => it.description), topics.map((it) => it.isPublic)];
  return sql.query<{ id: string; name: string }>(ENSURE, [SYSTEM_TENANT_ID, ...columns, DEDUP_WINDOW_MS]);
}
