import { toArrayLiteral, type SqlRunner } from '@angarium/database';
import type { Committed, NewMessage } from './new-message.js';

interface Row {
  readonly outcome: Committed['outcome'];
  readonly partition_id: number;
  readonly offset_value: string;
  readonly published_at: Date;
}

/** Every column of a message as the function takes it, with its Postgres type, in its order. */
const columns: readonly (readonly [string, (message: NewMessage) => string | number | Date | null])[] = [
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
const COMMIT = `SELECT outcome, partition_id, offset_value, published_at FROM broker.commit_messages(${columns.map(([type], at) => `$${at + 1}::${type}[]`).join(', ')})`;

/**
 * Stores messages and gives them their offsets, all in one statement (see the function broker.commit_messages).
 * Run on its own it is a transaction of its own; inside one it takes effect with that.
 * No two messages of a call may have the same topic and message id with a dedupWindowMs.
 * @returns in the order of the messages.
 */
export async function commitMessages(runner: SqlRunner, messages: readonly NewMessage[]): Promise<Committed[]> {
  const values = columns.map(([, read]) => toArrayLiteral(messages.map(read)));
  const rows = await runner.query<Row>(COMMIT, values, 'commit-messages');
  return rows.map(({ outcome, partition_id: partition, offset_value: offset, published_at: publishedAt }, at) => {
    const message = messages[at];
    if (message === undefined) throw new RangeError('commit_messages answered more rows than it was given');
    return { message, outcome, partition, offset: Number(offset), publishedAt };
  });
}
