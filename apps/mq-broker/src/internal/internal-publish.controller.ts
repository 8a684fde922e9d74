import type { AnswerOf } from '@angarium/contracts';
import { NotifyUser, PublishAuditLog, PublishNotification, PublishUserEvent, type PublishInput } from '@angarium/contracts/broker-api';
import { Route, type RouteCall } from '@angarium/service-shell';
import { Controller } from '@nestjs/common';
import type { InternalTopic } from '../catalog/topics/ensure-system-topics.js';
import { SYSTEM_TENANT_ID } from '../catalog/topics/topic-cache.js';
import { OrderMail } from './order-mail.js';
import { InjectPublisher, type PublishesMessages } from './publishes-messages.js';

type Answer = AnswerOf<typeof PublishUserEvent>;

/** What other services hand over without being tenants: it becomes messages of the system's topics. */
@Controller()
export class InternalPublishController {
  constructor(
    @InjectPublisher() private readonly publisher: PublishesMessages,
    private readonly mail: OrderMail,
  ) {}

  @Route(PublishUserEvent)
  userEvent({ body, service }: RouteCall<typeof PublishUserEvent>): Promise<Answer> {
    const { event, userId, data, ...ids } = body;
    return this.publish('user-events', { type: event, key: userId, payload: { event, userId, data }, ...ids }, service?.service);
  }

  @Route(NotifyUser)
  async notifyUser({ body, service }: RouteCall<typeof NotifyUser>): Promise<AnswerOf<typeof NotifyUser>> {
    // the address stays out of the message: it is personal data, and only the mail needs it
    const { userId, channel, title, body: text, data, email, ...ids } = body;
    const published = await this.publish('user-notifications', { key: userId, payload: { userId, channel, title, body: text, data }, ...ids }, service?.service);
    return { ...published, emailJobId: await this.mail.order('user-notifications', published.messageId, { title, body: text, email }) };
  }

  @Route(PublishAuditLog)
  auditLog({ body, service }: RouteCall<typeof PublishAuditLog>): Promise<Answer> {
    const { action, subject, actor, tenantId, details, occurredAt = new Date().toISOString(), messageId, correlationId } = body;
    const payload = { action, subject, actor, tenantId, occurredAt, details, service: service?.service };
    return this.publish('audit-logs', { type: action, key: subject, payload, messageId, correlationId }, service?.service);
  }

  @Route(PublishNotification)
  async notification({ body, service }: RouteCall<typeof PublishNotification>): Promise<AnswerOf<typeof PublishNotification>> {
    const { kind, about, channel, title, body: text, data, email, ...ids } = body;
    const published = await this.publish('notifications', { type: kind, key: about, payload: { kind, about, channel, title, body: text, data }, ...ids }, service?.service);
    return { ...published, emailJobId: await this.mail.order('notifications', published.messageId, { title, body: text, email }) };
  }

  private async publish(topicName: InternalTopic, input: Omit<PublishInput, 'topic'>, producer: string | undefined): Promise<Answer> {
    const { messageId, topic, partition, offset, deduplicated } = await this.publisher.publishAs(SYSTEM_TENANT_ID, topicName, input, producer);
    return { messageId, topic, partition, offset, deduplicated };
  }
}
