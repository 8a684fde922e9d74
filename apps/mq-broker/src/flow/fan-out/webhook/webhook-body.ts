export interface WebhookMessage {
  /** Dot-separated, as `user.created`. */
  readonly type: string;
  /** When the message was accepted; the same at every attempt. A number is milliseconds since 1970. */
  readonly publishedAt: Date | number;
  /** Valid JSON text. It was checked when it was published and is not parsed again. */
  readonly payload: string;
}

/**
 * The body of a webhook as Standard Webhooks recommends it: `{"type":…,"timestamp":…,"data":…}`.
 * The payload stands in it letter by letter: numbers keep their digits, keys their order, and parsing costs nothing.
 */
export function webhookBody({ type, publishedAt, payload }: WebhookMessage): string {
  return `{"type":${JSON.stringify(type)},"timestamp":"${new Date(publishedAt).toISOString()}","data":${payload}}`;
}
