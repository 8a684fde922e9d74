/** A message that was accepted: everything is checked, its partition is chosen. */
export interface NewMessage {
  readonly topicId: string;
  readonly tenantId: string;
  readonly partition: number;
  /** UUID of the record. */
  readonly recordId: string;
  readonly messageId: string;
  /** How long the id is to be recognised; null where the publisher gave none (nothing can repeat it). */
  readonly dedupWindowMs: number | null;
  readonly key: string | null;
  readonly type: string;
  readonly correlationId: string | null;
  /** JSON text of an object of strings. */
  readonly headers: string;
  /** JSON text, as it was published. */
  readonly payload: string;
  readonly payloadSize: number;
  readonly contentType: string;
  readonly scheduledAt: Date | null;
  readonly expiresAt: Date | null;
  /** Name of the API key or service that published it. */
  readonly producer: string | null;
  readonly traceparent: string | null;
}

/** What became of a NewMessage. `duplicate`: offset and time are those of the first one. `gone`: the partition does not exist any more. */
export interface Committed {
  readonly message: NewMessage;
  readonly outcome: 'stored' | 'duplicate' | 'gone';
  readonly partition: number;
  readonly offset: number;
  readonly publishedAt: Date;
}
