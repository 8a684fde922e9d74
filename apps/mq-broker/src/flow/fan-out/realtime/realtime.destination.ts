import { RealtimeMessagePublished } from '@angarium/contracts';
import { describeError } from '@angarium/errors';
import type { MessageBus } from '@angarium/transport';
import type { Destination, DeliveryAttempt, DeliveryOutcome } from '../destination.js';

/** Passes messages on to the rooms of the realtime gateway, as an event that it hears. */
export class RealtimeDestination implements Destination {
  readonly type = 'realtime';

  constructor(private readonly bus: MessageBus) {}

  async deliver({ subscription, message, redrives }: DeliveryAttempt): Promise<DeliveryOutcome> {
    const { destination, topicName, id, tenantId } = subscription;
    if (destination.type !== 'realtime') throw new TypeError(`subscription ${id} is no room`);
    const { messageId, type, publishedAt, payload } = message;
    try {
      await this.bus.emit(
        RealtimeMessagePublished,
        {
          ...{ room: destination.room, event: destination.event, messageId, topic: topicName, type },
          ...{ publishedAt: publishedAt.toISOString(), payload: JSON.parse(payload) as unknown },
        },
        { id: `${id}-${messageId}-${redrives}`, tenant: tenantId, timeoutMs: 5_000 },
      );
      return { kind: 'delivered' };
    } catch (error) {
      return { kind: 'failed', reason: describeError(error) };
    }
  }
}
