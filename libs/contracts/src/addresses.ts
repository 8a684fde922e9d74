/**
 * Every key and channel in Redis, in one place: `namespace:domain:type`.
 * The type stands in braces, so that all keys of one stream share a Redis Cluster slot.
 * (Signals are not here: NestJS' Redis transport takes the signal's name for the channel, without a namespace.)
 */
export interface Addresses {
  readonly namespace: string;
  /** Stream of an event type. */
  eventStream(type: string): string;
  /** Stream of a request type. */
  requestStream(type: string): string;
  /** Pub/sub channel on which one client process hears its answers. */
  replyChannel(instance: string): string;
  /** Stream of what one group gave up, beside the stream that it came from. */
  deadLetterStream(stream: string, group: string): string;
  /** Remembers how far a producer's batches came, so that a resent one is recognised. */
  producerKey(stream: string, producer: string): string;
  /** Remembers an explicit message id within the deduplication window. */
  dedupKey(stream: string, messageId: string): string;
  /** Held by the one replica that reads a stream in order. */
  orderLease(stream: string, group: string): string;
  /** Stream of one partition of a broker topic; its entry ids are `<offset>-0`. */
  topicStream(topicId: string, partition: number): string;
  /** What else the broker keeps in Redis, and its channels: `mqKey('epoch')`. */
  mqKey(...parts: string[]): string;
}

/** The addresses below one namespace; two systems with different namespaces may share a Redis. */
export function createAddresses(namespace = 'angarium'): Addresses {
  const tag = (stream: string) => /\{(.+)\}/.exec(stream)?.[1] ?? stream;
  return {
    namespace,
    eventStream: (type) => `${namespace}:events:{${type}}`,
    requestStream: (type) => `${namespace}:requests:{${type}}`,
    replyChannel: (instance) => `${namespace}:replies:${instance}`,
    deadLetterStream: (stream, group) => `${namespace}:dead:{${tag(stream)}}:${group}`,
    producerKey: (stream, producer) => `${namespace}:producers:{${tag(stream)}}:${producer}`,
    dedupKey: (stream, messageId) => `${namespace}:dedup:{${tag(stream)}}:${messageId}`,
    orderLease: (stream, group) => `${namespace}:order:{${tag(stream)}}:${group}`,
    topicStream: (topicId, partition) => `${namespace}:topics:{${topicId}/${partition}}`,
    mqKey: (...parts) => `${namespace}:mq:${parts.join(':')}`,
  };
}

/** Field names of a stream entry. There is one entry form; what a field means is said here and nowhere else. */
export const entryFields = {
  /** The payload: JSON text, or what `encoding` names. */
  data: 'data',
  /** CloudEvents attributes as JSON; absent for messages published by the plain stream client. */
  event: 'event',
  /** Milliseconds since 1970 of the publish, as the plain stream client writes it. */
  timestamp: 'timestamp',
  /** How `data` was packed: absent or `gzip+base64`. */
  encoding: 'encoding',
  /** Requests only: where the answer goes, its id, and when it is too late (milliseconds since 1970). */
  replyTo: 'replyTo',
  requestId: 'requestId',
  deadline: 'deadline',
  /** A redriven entry: the one group that it is for; the others settle it unread. */
  onlyGroup: 'group',
} as const;

/** Field names that a dead letter has besides those of the entry it was. */
export const deadLetterFields = {
  /** Why it was given up: code and text of the last error. */
  reason: 'dl-reason',
  /** JSON list of the attempts: when, by whom, which error. */
  trail: 'dl-trail',
  /** Id of the entry in the stream that it came from. */
  originId: 'dl-origin',
  diedAt: 'dl-at',
  /** How often it was handed over. */
  attempts: 'dl-attempts',
  /** How often it has been redriven. */
  redrives: 'dl-redrives',
} as const;
