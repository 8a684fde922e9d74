import type { AnswerOf } from '@angarium/contracts';
import { GetMessage, ListAttempts } from '@angarium/contracts/broker-api';
import type { Sql } from '@angarium/database';
import { Route, type RouteCall } from '@angarium/service-shell';
import { Controller } from '@nestjs/common';
import { timeCursor } from '../../catalog/page-cursor.js';
import { requireSubscription } from '../../catalog/subscriptions/require-subscription.js';
import { MqErrors } from '../../errors.js';
import { spliced } from '../../flow/spliced.js';
import { InjectSql } from '../../sql.js';
import { attemptsOf, listAttempts, toAttemptView, type AttemptRow } from './attempt.repository.js';
import { deliveriesOf, findMessage, type DeliveryRow, type MessageRow } from './message.repository.js';

type MessageView = AnswerOf<typeof GetMessage>;

/** Shows what became of messages. */
@Controller()
export class MessageController {
  constructor(@InjectSql() private readonly sql: Sql) {}

  @Route(GetMessage)
  async get(call: RouteCall<typeof GetMessage>): Promise<string> {
    const { caller, params, query } = call;
    const message = await findMessage(this.sql, caller.tenantId, params.id, query.topic ?? null);
    if (!message) throw MqErrors.MQ_MESSAGE_NOT_FOUND(`Your tenant has no message ${params.id}, or its retention has passed. Check the id and the tenant.`);
    const deliveries = await deliveriesOf(this.sql, caller.tenantId, message);
    const attempts = await attemptsOf(this.sql, deliveries.map((it) => it.subscription_id), message);
    call.setHeader('content-type', 'application/json; charset=utf-8');
    // letter by letter: numbers keep their digits
    return spliced(toMessageView(message, deliveries, attempts), { headers: message.headers, payload: message.payload ?? 'null' });
  }

  @Route(ListAttempts)
  async attempts({ caller, params, query }: RouteCall<typeof ListAttempts>): Promise<AnswerOf<typeof ListAttempts>> {
    await requireSubscription(this.sql, caller.tenantId, params.id);
    const rows = await listAttempts(this.sql, params.id, query);
    return timeCursor.pageOf(rows, query.limit, (row) => [row.consumed_at.toISOString(), row.id], toAttemptView);
  }
}

function toMessageView(row: MessageRow, deliveries: readonly DeliveryRow[], attempts: readonly AttemptRow[]): Omit<MessageView, 'headers' | 'payload'> {
  return {
    messageId: row.message_id,
    topic: row.topic_name,
    partition: row.partition_id,
    offset: Number(row.offset_value),
    type: row.message_type,
    key: row.message_key,
    correlationId: row.correlation_id,
    payloadSize: row.payload_size ?? 0,
    contentType: row.content_type,
    // by what the tenant may know: that another's subscription gave it up is the other's business
    status: deliveries.some((it) => it.status === 'dead') ? 'dead_letter' : 'published',
    publishedAt: row.published_at.toISOString(),
    expiresAt: row.expires_at?.toISOString() ?? null,
    producer: row.is_own ? row.producer_id : null,
    deliveries: deliveries.map((it) => ({
      subscriptionId: it.subscription_id,
      status: it.status,
      attempts: it.attempts ?? attempts.filter((attempt) => attempt.subscription_id === it.subscription_id).length,
      redrives: it.redrives,
      nextAttemptAt: it.next_attempt_at?.toISOString() ?? null,
      lastError: it.last_error,
    })),
    attempts: attempts.map(toAttemptView),
  };
}
