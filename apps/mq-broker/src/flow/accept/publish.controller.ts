import type { Published } from '@angarium/contracts/broker-api';
import { PublishBatch, PublishMessage, PublishToTopic } from '@angarium/contracts/broker-api';
import { SharedErrors } from '@angarium/errors';
import { Route, type RouteCall } from '@angarium/service-shell';
import { Controller } from '@nestjs/common';
import { PublishMessages, type BatchResult } from './publish-messages.js';

@Controller()
export class PublishController {
  constructor(private readonly messages: PublishMessages) {}

  @Route(PublishMessage)
  publish({ caller, body }: RouteCall<typeof PublishMessage>): Promise<Published> {
    return this.messages.publish(caller, body);
  }

  @Route(PublishToTopic)
  publishToTopic({ caller, params, body }: RouteCall<typeof PublishToTopic>): Promise<Published> {
    return this.messages.publish(caller, { ...body, topic: params.name });
  }

  @Route(PublishBatch)
  async publishBatch({ caller, body }: RouteCall<typeof PublishBatch>): Promise<{ published: number; failed: number; results: BatchResult[] }> {
    const inputs = body.messages.map((message, index) => {
      const topic = message.topic ?? body.topic;
      if (topic !== undefined) return { ...message, topic };
      throw SharedErrors.INVALID_INPUT(`messages[${index}].topic: name a topic here or for the whole batch`, {
        details: { faults: [{ path: `messages.${index}.topic`, message: 'is required where the batch names no topic' }] },
      });
    });
    const results = await (body.atomic ? this.messages.publishAll(caller, inputs) : this.messages.publishEach(caller, inputs));
    const failed = results.filter(({ ok }) => !ok).length;
    return { published: results.length - failed, failed, results };
  }
}
