import { z } from 'zod';
import { defineEvent } from '../contract.js';
import { smsProviders } from '../jobs/sms.jobs.js';

const shared = {
  deliveryId: z.uuid(),
  idempotencyKey: z.string().min(1).max(250).describe('Of the order; an SMS of a batch has its place behind it, as in key#3.'),
  position: z.int().nonnegative().describe('Place of the phone in its order.'),
};
const provider = z.enum(smsProviders);
const id = '0190a6f0-9e30-7d5c-9f74-5c7181e4f601';
const example = { deliveryId: id, idempotencyKey: 'order-shipped:A-17', position: 0 };
const subjectOf = ({ deliveryId }: { deliveryId: string }) => deliveryId;

/** A provider took responsibility for the SMS. */
export const SmsSent = defineEvent({
  name: 'sms.sent',
  version: 1,
  description: 'A provider accepted the SMS. Whether it reaches the phone, a receipt tells later.',
  schema: z.object({
    ...shared,
    provider,
    providerMessageId: z.string().max(200).optional(),
    segments: z.int().min(1).optional().describe('Parts that the provider charges for.'),
    sentAt: z.iso.datetime(),
  }),
  example: { ...example, provider: 'twilio' as const, providerMessageId: 'SM0190a6f0', segments: 1, sentAt: '2026-11-20T08:30:01.000Z' },
  subjectOf,
});

/** The SMS reached the phone. */
export const SmsDelivered = defineEvent({
  name: 'sms.delivered',
  version: 1,
  description: 'The provider says that the SMS reached the phone.',
  schema: z.object({ ...shared, provider, deliveredAt: z.iso.datetime() }),
  example: { ...example, provider: 'twilio' as const, deliveredAt: '2026-11-20T08:30:04.000Z' },
  subjectOf,
});

/** The SMS will not arrive, or nobody can say whether it did. */
export const SmsFailed = defineEvent({
  name: 'sms.failed',
  version: 1,
  description: 'The SMS was given up or did not reach the phone. Code SMS_OUTCOME_UNKNOWN: it may have been sent, and the provider does not say.',
  schema: z.object({
    ...shared,
    provider: provider.optional(),
    code: z.string().min(1).max(100),
    reason: z.string().max(500),
    failedAt: z.iso.datetime(),
  }),
  example: { ...example, provider: 'aliyun' as const, code: 'SMS_REJECTED', reason: 'isv.MOBILE_NUMBER_ILLEGAL', failedAt: '2026-11-20T08:30:01.000Z' },
  subjectOf,
});
