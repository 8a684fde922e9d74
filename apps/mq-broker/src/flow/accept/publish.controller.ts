import type { Published } from '@angarium/contracts/broker-api';
import { PublishBatch, PublishMessage, PublishToTopic } from '@angarium/contracts/broker-api';
import { SharedErrors } from '@angarium/errors';
import { Route, type RouteCall } from '@angarium/service-shell';
import { Controller } from '@nestjs/common';
import { asItCame } from './as-it-came.js';
import { deriveIds } from './derive-ids.js';
import { payloadTexts } from './payload-text.js';
import { PublishMessages, type BatchResult } from './publish-messages.js';

@Controller()
export class PublishController {
  constructor(private readonly messages: PublishMessages) {}

  @Route(PublishMessage)
  publish(call: RouteCall<typeof PublishMessage>): Promise<Published> {
    return this.messages.publish(call.caller, asItCame(call, call.body));
  }

  @Route(PublishToTopic)
  publishToTopic(call: RouteCall<typeof PublishToTopic>): Promise<Published> {
    return this.messages.publish(call.caller, asItCame(call, { ...call.body, topic: call.params.name }));
  }

  @Route(PublishBatch)
  async publishBatch(call: RouteCall<typeof PublishBatch>): Promise<{ published: number; failed: number; results: BatchResult[] }> {
    const { caller, body } = call;
    const texts = payloadTexts(call.bodyText);
    const idOf = deriveIds(call);
    const inputs = body.messages.map((message, index) => {
      const topic = message.topic ?? body.topic;
      if (topic !== undefined) return { ...message, topic, payloadText: texts[index], derivedId: idOf?.(index) };
      throw SharedErrors.INVALID_INPUT(`messages[${index}].topic: name a topic here or for the whole batch`, {
        details: { faults: [{ path: `messages.${index}.topic`, message: 'is required where the batch names no topic' }] },
      });
    });
    const results = await (body.atomic ? this.messages.publishAll(caller, inputs) : this.messages.publishEach(caller, inputs));
    const failed = results.filter(({ ok }) => !ok).length;
    return { published: results.length - failed, failed, results };
  }
}
