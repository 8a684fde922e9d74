import type { TenantCaller } from '@angarium/auth';
import type { PublishInput } from '@angarium/contracts/broker-api';
import { SharedErrors } from '@angarium/errors';
import { childTraceparent, currentContext } from '@angarium/observability';
import { SYSTEM_TENANT_ID, type TopicCache } from '../../catalog/topics/topic-cache.js';
import type { Topic } from '../../catalog/topics/topic.js';
import { MqErrors } from '../../errors.js';
import type { NewMessage } from '../commit/new-message.js';
import { choosePartition } from './choose-partition.js';
import { makeId } from './make-id.js';
import type { QueueLengths } from './queue-lengths.js';
import { isDeeperThan } from './is-deeper-than.js';

/** Deeper nesting is no data but an attack: Postgres and other parsers recurse. */
const MAX_DEPTH = 200;

/** A message as its publisher gave it, and what is known of it besides by the way it came in. */
export interface ToPublish extends PublishInput {
  /** JSON text of the payload, letter by letter. Left out: JSON.stringify says the same. */
  readonly payloadText?: string | undefined;
  /** Its id where it names none; known again as one that was named. */
  readonly derivedId?: string | undefined;
}

export interface AcceptedMessage {
  readonly topic: Topic;
  readonly message: NewMessage;
}

/** What of a publish does not depend on when it happens: of use to whoever stores it for later. */
export interface CheckedMessage {
  readonly topicId: string;
  readonly topicName: string;
  readonly type: string;
  readonly payloadJson: string;
  readonly headersJson: string;
}

/**
 * The first stage: is this a message that this caller may publish to this topic now?
 * Permissions, state of the topic, limits, schema; then its partition and ids are chosen. Writes nothing.
 */
export class AcceptMessage {
  /** Spreads messages without a key over the partitions. */
  private spread = 0;

  constructor(
    private readonly topics: TopicCache,
    private readonly lengths: QueueLengths,
    private readonly limits: { readonly maxMessageBytes: number },
  ) {}

  /**
   * Answers at once where the topic is remembered.
   * @throws MQ_QUEUE_NOT_FOUND, MQ_SYSTEM_TOPIC, MQ_TOPIC_PAUSED, MQ_TOPIC_ARCHIVED, MQ_PRODUCER_NOT_ALLOWED, MQ_PARTITION_UNKNOWN,
   *   MQ_MESSAGE_TOO_LARGE, MQ_PAYLOAD_INVALID, MQ_QUEUE_FULL, INVALID_INPUT
   */
  accept(caller: TenantCaller, input: ToPublish): AcceptedMessage | Promise<AcceptedMessage> {
    const found = this.topics.find(caller.tenantId, input.topic);
    return found instanceof Promise ? found.then((topic) => this.acceptFound(caller, input, topic)) : this.acceptFound(caller, input, found);
  }

  /** As `accept`, for a message that is published later. */
  async check(caller: TenantCaller, input: ToPublish): Promise<CheckedMessage> {
    const { topic, message } = await this.accept(caller, input);
    return { topicId: topic.id, topicName: topic.name, type: message.type, payloadJson: message.payload, headersJson: message.headers };
  }

  private acceptFound(caller: TenantCaller, input: ToPublish, topic: Topic | undefined): AcceptedMessage | Promise<never> {
    return topic === undefined ? this.refuseMissing(input.topic) : this.acceptFor(caller, input, topic);
  }

  /** A topic of the system is no topic of the caller, and should not become one by an advice to create it. */
  private async refuseMissing(name: string): Promise<never> {
    if ((await this.topics.find(SYSTEM_TENANT_ID, name)) !== undefined) throw MqErrors.MQ_SYSTEM_TOPIC();
    throw MqErrors.MQ_QUEUE_NOT_FOUND(`Your tenant has no topic ${JSON.stringify(name)}. Create it with POST /api/v1/mq/queues.`);
  }

  private acceptFor(caller: TenantCaller, input: ToPublish, topic: Topic): AcceptedMessage {
    this.mayPublish(caller, topic);
    if (input.partition !== undefined && input.partition >= topic.partitionCount) {
      throw MqErrors.MQ_PARTITION_UNKNOWN(`The topic ${topic.name} has the partitions 0 to ${topic.partitionCount - 1}, not ${input.partition}.`);
    }
    const payload = this.payloadOf(topic, input);
    this.lengths.check(topic);
    const recordId = makeId();
    const context = currentContext();
    const givenId = input.messageId ?? input.derivedId;
    // Redis knows ids by partition: sent again, it has to go where its id is known
    const spreadBy = input.key ?? (topic.durability === 'stream' ? (givenId ?? null) : null);
    const partition = choosePartition({ key: spreadBy, partition: input.partition, partitionCount: topic.partitionCount, spread: this.spread++ });
    // one literal without spreads: those were a sixth of all that a publish allocated
    const message: NewMessage = {
      topicId: topic.id,
      tenantId: caller.tenantId,
      partition,
      recordId,
      messageId: givenId ?? recordId,
      dedupWindowMs: givenId === undefined || topic.dedupWindowMs === 0 ? null : topic.dedupWindowMs,
      key: input.key ?? null,
      type: input.type ?? topic.name,
      correlationId: input.correlationId ?? context?.correlationId ?? null,
      headers: input.headers === undefined ? '{}' : JSON.stringify(input.headers),
      payload: payload.text,
      payloadSize: payload.bytes,
      contentType: 'application/json',
      scheduledAt: null,
      expiresAt: input.expiresInMs === undefined ? null : new Date(Date.now() + input.expiresInMs),
      producer: caller.keyName,
      traceparent: context?.traceparent ?? childTraceparent(),
    };
    return { topic, message };
  }

  private mayPublish(caller: TenantCaller, topic: Topic): void {
    if (topic.tenantId === SYSTEM_TENANT_ID && caller.tenantId !== SYSTEM_TENANT_ID) throw MqErrors.MQ_SYSTEM_TOPIC();
    if (topic.allowedProducers.size > 0 && !topic.allowedProducers.has(caller.keyName)) throw MqErrors.MQ_PRODUCER_NOT_ALLOWED();
    if (topic.status === 'paused') throw MqErrors.MQ_TOPIC_PAUSED();
    if (topic.status === 'archived') throw MqErrors.MQ_TOPIC_ARCHIVED();
  }

  private payloadOf(topic: Topic, input: ToPublish): { readonly text: string; readonly bytes: number } {
    const { maxMessageBytes } = this.limits;
    const text = input.payloadText ?? JSON.stringify(input.payload);
    const bytes = Buffer.byteLength(text);
    if (bytes > maxMessageBytes) throw MqErrors.MQ_MESSAGE_TOO_LARGE(`The payload has ${bytes} bytes; the limit is ${maxMessageBytes}. Store what is large elsewhere and send a reference.`);
    if (isDeeperThan(text, MAX_DEPTH)) {
      throw SharedErrors.INVALID_INPUT(`payload: is nested deeper than ${MAX_DEPTH} levels; send it flatter`, { details: { faults: [{ path: 'payload', message: `deeper than ${MAX_DEPTH}` }] } });
    }
    if (hasNul(input.key) || hasNul(input.correlationId)) throw SharedErrors.INVALID_INPUT('key and correlationId cannot hold the character U+0000');
    if (topic.validate !== undefined && !topic.validate(input.payload)) {
      const faults = (topic.validate.errors ?? []).map(({ instancePath, message = 'does not fit' }) => ({ path: `payload${instancePath}`, message }));
      throw MqErrors.MQ_PAYLOAD_INVALID(`The payload does not fit the schema of ${topic.name}: ${faults.map((it) => `${it.path} ${it.message}`).join('; ')}`, { details: { faults } });
    }
    return { text, bytes };
  }
}

function hasNul(text: string | undefined): boolean {
  return text !== undefined && text.includes('\u0000');
}
