import { entryFields } from '@angarium/contracts';
import type { FlatFields } from '@angarium/streams';
import type { Committed } from './commit/new-message.js';
import { isoOf } from './iso-of.js';

/** A message on its way to its subscriptions, as the stream and the record tell it. */
export interface BrokerMessage {
  readonly topicId: string;
  readonly partition: number;
  readonly offset: number;
  readonly messageId: string;
  readonly type: string;
  readonly key: string | null;
  readonly correlationId: string | null;
  /** JSON text of an object of strings. */
  readonly headers: string;
  /** JSON text, as it was published. */
  readonly payload: string;
  readonly contentType: string;
  readonly publishedAt: Date;
  readonly expiresAt: Date | null;
  readonly traceparent: string | null;
  /** Who published it. */
  readonly tenantId: string;
  readonly producer: string | null;
}

/** CloudEvents attributes of a broker message (see libs/contracts, envelope); `expirytime` is the specification's extension. */
interface StoredEvent {
  readonly id: string;
  readonly type: string;
  readonly time: string;
  readonly datacontenttype: string;
  readonly tenant: string;
  readonly correlationid: string;
  readonly sourceinstance: string;
  readonly traceparent?: string | undefined;
  readonly partitionkey?: string | undefined;
  readonly expirytime?: string | undefined;
}

export function messageOf({ message, partition, offset, publishedAt }: Committed): BrokerMessage {
  const { topicId, messageId, type, key, correlationId, headers, payload, contentType, expiresAt, traceparent, tenantId, producer } = message;
  return { topicId, partition, offset, messageId, type, key, correlationId, headers, payload, contentType, publishedAt, expiresAt, traceparent, tenantId, producer };
}

/**
 * The values of an entry's fields `event`, `headers` and `data`, the same for every topic. Written out by hand, as this is done for
 * every message: JSON.stringify of the whole object takes three times as long.
 */
export function entryValues(message: BrokerMessage): [event: string, headers: string, data: string] {
  const { messageId, type, publishedAt, contentType, tenantId, correlationId, producer, traceparent, key, expiresAt } = message;
  let event = `{"specversion":"1.0","id":${quoted(messageId)},"source":"mq-broker","type":${quoted(type)},"time":"${isoOf(publishedAt)}"`;
  event += `,"datacontenttype":${quoted(contentType)},"tenant":"${tenantId}","correlationid":${quoted(correlationId ?? '')},"sourceinstance":${quoted(producer ?? '')}`;
  if (traceparent !== null) event += `,"traceparent":${quoted(traceparent)}`;
  if (key !== null) event += `,"partitionkey":${quoted(key)}`;
  if (expiresAt !== null) event += `,"expirytime":"${expiresAt.toISOString()}"`;
  return [`${event}}`, message.headers, message.payload];
}

const plain = /^[\w .:/+-]*$/;

function quoted(text: string): string {
  return plain.test(text) ? `"${text}"` : JSON.stringify(text);
}

/** A stream entry as the message that it holds. */
export function fromEntry(topicId: string, partition: number, id: string, fields: FlatFields): BrokerMessage {
  let event: StoredEvent | undefined;
  let headers = '{}';
  let payload = 'null';
  for (let at = 0; at < fields.length; at += 2) {
    const value = fields[at + 1] ?? '';
    if (fields[at] === entryFields.event) event = JSON.parse(value) as StoredEvent;
    else if (fields[at] === entryFields.data) payload = value;
    else if (fields[at] === 'headers') headers = value;
  }
  if (event === undefined) throw new TypeError(`entry ${id} of topic ${topicId} holds no event`);
  return {
    topicId,
    partition,
    offset: offsetOf(id),
    messageId: event.id,
    type: event.type,
    key: event.partitionkey ?? null,
    correlationId: event.correlationid || null,
    headers,
    payload,
    contentType: event.datacontenttype,
    publishedAt: new Date(event.time),
    expiresAt: event.expirytime === undefined ? null : new Date(event.expirytime),
    traceparent: event.traceparent ?? null,
    tenantId: event.tenant,
    producer: event.sourceinstance || null,
  };
}

export const entryIdOf = (offset: number): string => `${offset}-0`;
export const offsetOf = (entryId: string): number => Number.parseInt(entryId, 10);
