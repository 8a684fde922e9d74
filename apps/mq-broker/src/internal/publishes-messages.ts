import type { PublishInput, Published } from '@angarium/contracts/broker-api';
import { Inject } from '@nestjs/common';

/** The stage that accepts messages, as the internal API uses it. */
export interface PublishesMessages {
  /**
   * Publishes one message for a tenant, past API keys and rates; limits, schema and status of the topic count.
   * Resolves when it is durable. Under a `messageId` it is idempotent within the window of the topic.
   * @param producer who published it, as records show it.
   * @throws MQ_QUEUE_NOT_FOUND, MQ_TOPIC_PAUSED, MQ_MESSAGE_TOO_LARGE, MQ_QUEUE_FULL, MQ_PUBLISH_FAILED.
   */
  publishAs(tenantId: string, topicName: string, input: Omit<PublishInput, 'topic'>, producer?: string): Promise<Published>;
}

/** Under this token a module gives a `PublishesMessages` to the internal API. */
export const PUBLISHES_MESSAGES = Symbol('publishes-messages');
export const InjectPublisher = (): ParameterDecorator & PropertyDecorator => Inject(PUBLISHES_MESSAGES);
