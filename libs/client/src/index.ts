export { AngariumApiError, AngariumConnectionError } from './angarium-api-error.js';
export type { CallOptions, CallParts } from './call-route.js';
export type { ConsumeOptions, Consumer, ErrorContext, Handler, HandlerContext, Received, StopOptions } from './consume/consumer.js';
export { RetryLater } from './consume/retry-later.js';
export { createClient } from './create-client.js';
export type { AngariumClient, BatchMessage, BatchOptions, ClientOptions, PublishOptions, ScheduleOptions } from './create-client.js';
export type { RetryOptions } from './retry.js';
export { verifyWebhook, WebhookVerificationError } from './webhook/verify-webhook.js';
export type { VerifiedWebhook, VerifyOptions } from './webhook/verify-webhook.js';
