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

/** Many servers refuse requests with more than 8 KiB of headers; those of a message that do not fit are left out. */
const MAX_HEADERS_LENGTH = 6_000;

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
          ...lowerCase(destination.headers),
          ...aboutMessage(subscription.topicName, message),
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

/** HTTP knows no case in names: two spellings of one would both be sent. */
function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** What the body of a Standard Webhook has no place for. What is no visible ASCII is percent-encoded. */
function aboutMessage(topic: string, { key, correlationId, headers }: DeliveryAttempt['message']): Record<string, string> {
  const about: Record<string, string> = { 'angarium-topic': topic };
  if (key !== null) about['angarium-key'] = asciiOf(key);
  if (correlationId !== null) about['x-correlation-id'] = asciiOf(correlationId);
  let length = 0;
  for (const [name, value] of Object.entries(JSON.parse(headers) as Record<string, string>)) {
    const text = asciiOf(value);
    length += name.length + text.length;
    if (length <= MAX_HEADERS_LENGTH) about[`angarium-header-${name.toLowerCase()}`] = text;
  }
  return about;
}

function asciiOf(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) ? text : encodeURIComponent(Buffer.from(text).toString());
}

/** The message's id, at every attempt the same; the specification allows no full stop in it, so an id with one is hashed. */
export function webhookId(messageId: string): string {
  return messageId.includes('.') ? `msg_${createHash('sha256').update(messageId).digest('base64url')}` : messageId;
}
