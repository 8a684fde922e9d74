import { createHash } from 'node:crypto';
import type { Egress } from '@angarium/egress';
import { AngariumError } from '@angarium/errors';
import type { Destination, DeliveryAttempt, DeliveryOutcome } from '../destination.js';
import { judgeResponse, type Verdict } from './judge-response.js';
import { signWebhook } from './sign-webhook.js';
import type { WebhookKeys } from './webhook-keys.js';
import { webhookBody } from './webhook-body.js';

/** Of the answer's body, for the attempt log. */
const HEAD_BYTES = 1_000;

/** Pushes messages by HTTP after the Standard Webhooks specification 1.0 (https://www.standardwebhooks.com). */
export class WebhookDestination implements Destination {
  readonly type = 'webhook';

  constructor(
    private readonly egress: Egress,
    private readonly keys: WebhookKeys,
  ) {}

  async deliver({ subscription, message, attempt }: DeliveryAttempt): Promise<DeliveryOutcome> {
    const { destination } = subscription;
    if (destination.type !== 'webhook') throw new TypeError(`subscription ${subscription.id} is no webhook`);
    const body = webhookBody(message);
    const id = webhookId(message.messageId);
    const timestampSeconds = Math.floor(Date.now() / 1_000);
    let signature: string;
    try {
      signature = signWebhook({ id, timestampSeconds, body, keys: await this.keys.of(subscription.id) });
    } catch (error) {
      // our trouble, not the receiver's
      return { kind: 'failed', reason: `The webhook could not be signed: ${error instanceof AngariumError ? error.code : 'unexpected'}` };
    }
    try {
      const response = await this.egress.request({
        method: 'POST',
        url: destination.url,
        headers: {
          ...destination.headers,
          'content-type': 'application/json',
          'user-agent': 'Angarium-Webhooks/1.0',
          'webhook-id': id,
          'webhook-timestamp': String(timestampSeconds),
          'webhook-signature': signature,
          'webhook-attempt': String(attempt),
          ...(message.traceparent === null ? {} : { traceparent: message.traceparent }),
        },
        body,
        timeoutMs: destination.timeoutMs,
        maxResponseBytes: HEAD_BYTES,
      });
      return { ...toOutcome(judgeResponse(response)), responseStatus: response.status, responseHead: response.head };
    } catch (error) {
      return toOutcome(judgeResponse({ error }));
    }
  }
}

function toOutcome(verdict: Verdict): DeliveryOutcome {
  return verdict.kind === 'failed' ? { ...verdict, isReceivers: true } : verdict;
}

/** The message's id, at every attempt the same; the specification allows no full stop in it, so an id with one is hashed. */
export function webhookId(messageId: string): string {
  return messageId.includes('.') ? `msg_${createHash('sha256').update(messageId).digest('base64url')}` : messageId;
}
