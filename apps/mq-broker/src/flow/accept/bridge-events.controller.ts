import { catalogue, QueueChanged, RealtimeMessagePublished, type EventContract } from '@angarium/contracts';
import { OnEvent, StreamsContext } from '@angarium/transport';
import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { SYSTEM_TENANT_ID } from '../../catalog/topics/topic-cache.js';
import { toAngariumError } from '@angarium/errors';
import { MqErrors } from '../../errors.js';
import { TENANT_HEADER } from '../fan-out/is-of-others.js';
import { PublishMessages } from './publish-messages.js';

/** What comes from topics would only be doubled there; what operators do is nobody's business but theirs. */
const keptOut: readonly EventContract[] = [RealtimeMessagePublished, QueueChanged];
export const bridgedEvents = catalogue.events.filter((contract) => !keptOut.includes(contract));

/**
 * Keeps this system's own events as messages of topics with the same name, in the tenant `system`: so webhooks, pull and replay work on
 * them; each tenant gets those that are its own (isOfOthers). The event's id is the message's, so what the transport hands over twice is stored once.
 */
@Controller()
export class BridgeEvents {
  constructor(readonly messages: PublishMessages) {}
}

for (const contract of bridgedEvents) {
  const method = `keep ${contract.name}`;
  const keep = async function (this: BridgeEvents, payload: object, context: StreamsContext): Promise<void> {
    const { id, correlationid, partitionkey, subject, source, tenant } = context.getAttributes();
    const key = partitionkey ?? subject;
    const message = { payload, type: contract.name, messageId: id, correlationId: correlationid, headers: { [TENANT_HEADER]: tenant }, ...(key === undefined ? {} : { key }) };
    try {
      await this.messages.publishAs(SYSTEM_TENANT_ID, contract.name, message, source);
    } catch (error) {
      // the topic is made when Postgres answers for the first time; until then the event waits instead of dying
      if (toAngariumError(error).code !== 'MQ_QUEUE_NOT_FOUND') throw error;
      throw MqErrors.MQ_PUBLISH_FAILED(`The topic ${contract.name} is not there yet; the event is tried again.`, { cause: error });
    }
  };
  Object.defineProperty(BridgeEvents.prototype, method, { value: keep, configurable: true, writable: true });
  Payload()(BridgeEvents.prototype, method, 0);
  Ctx()(BridgeEvents.prototype, method, 1);
  const descriptor = Object.getOwnPropertyDescriptor(BridgeEvents.prototype, method) as TypedPropertyDescriptor<typeof keep>;
  OnEvent(contract)(BridgeEvents.prototype, method, descriptor as never);
}
