import { toBinaryArray, type ElementType, type SqlRunner } from '@angarium/database';
import type { Committed, NewMessage } from './new-message.js';

interface Row {
  /** Null: the row is of a partition, and offset_value is that of its first new message. */
  readonly ordinal: string | null;
  readonly topic_id: string;
  readonly partition_id: number;
  readonly offset_value: string;
  readonly published_at: Date;
}

/** Every column of a message as the function takes it, with its Postgres type, in its order. */
const columns: readonly (readonly [ElementType, (message: NewMessage) => string | number | Date | null])[] = [
  ['uuid', (it) => it.topicId],
  ['int', (it) => it.partition],
  ['uuid', (it) => it.recordId],
  ['text', (it) => it.messageId],
  ['bigint', (it) => it.dedupWindowMs],
  ['text', (it) => it.key],
  ['text', (it) => it.type],
  ['text', (it) => it.correlationId],
  ['text', (it) => it.headers],
  ['text', (it) => it.payload],
  ['int', (it) => it.payloadSize],
  ['text', (it) => it.contentType],
  ['timestamptz', (it) => it.scheduledAt],
  ['timestamptz', (it) => it.expiresAt],
  ['text', (it) => it.producer],
  ['uuid', (it) => it.tenantId],
  ['text', (it) => it.traceparent],
];
const COMMIT = `SELECT ordinal, topic_id, partition_id, offset_value, published_at FROM broker.commit_messages(${columns.map(([type], at) => `$${at + 1}::${type}[]`).join(', ')})`;

/**
 * Stores messages and gives them their offsets, all in one statement (see the function broker.commit_messages).
 * Run on its own it is a transaction of its own; inside one it takes effect with that.
 * No two messages of a call may have the same topic and message id with a dedupWindowMs.
 * @returns in the order of the messages.
 */
export async function commitMessages(runner: SqlRunner, messages: readonly NewMessage[]): Promise<Committed[]> {
  const values = columns.map(([type, read]) => toBinaryArray(type, messages.map(read)));
  return numbered(messages, await runner.query<Row>(COMMIT, values, 'commit-messages'));
}

/** Offsets follow each other within a partition, so the function tells only where they begin. */
function numbered(messages: readonly NewMessage[], rows: readonly Row[]): Committed[] {
  const next = new Map<string, { offset: number; readonly publishedAt: Date }>();
  const known = new Map<number, Row>();
  for (const row of rows) {
    if (row.ordinal === null) next.set(`${row.topic_id}/${row.partition_id}`, { offset: Number(row.offset_value), publishedAt: row.published_at });
    else known.set(Number(row.ordinal) - 1, row);
  }
  return messages.map((message, at): Committed => {
    const first = known.get(at);
    if (first !== undefined) {
      return { message, outcome: 'duplicate', partition: first.partition_id, offset: Number(first.offset_value), publishedAt: first.published_at };
    }
    const { partition } = message;
    const place = next.get(`${message.topicId}/${partition}`);
    if (place === undefined) return { message, outcome: 'gone', partition, offset: 0, publishedAt: new Date(0) };
    return { message, outcome: 'stored', partition, offset: place.offset++, publishedAt: place.publishedAt };
  });
}
