import { z } from 'zod';
import { defineRequest } from '../contract.js';

/** The most that a provider may tell at once; Aliyun and Tencent bundle receipts. */
export const MAX_RECEIPT_LENGTH = 200_000;

/** A provider tells what became of SMS. The gateway hands it on unread: the SMS worker has the secrets by which it is verified. */
export const SmsReceipt = defineRequest({
  name: 'sms.receipt',
  version: 1,
  description: 'A delivery receipt as a provider sent it. Error SMS_RECEIPT_REFUSED when it cannot prove that it comes from there; nothing is changed then.',
  timeoutMs: 5_000,
  schema: z.object({
    provider: z.enum(['twilio', 'aliyun', 'tencent']),
    deliveryId: z.string().max(100).optional().describe('Twilio: the query `delivery` of the address, which is signed.'),
    signature: z.string().max(200).optional().describe('Twilio: X-Twilio-Signature.'),
    secretDigest: z.hash('sha256').optional().describe('Aliyun, Tencent: SHA-256 of the last part of the path, in hex; the secret itself stays out of Redis.'),
    remoteAddress: z.string().max(100).optional().describe('IP address of whoever connected to the gateway.'),
    body: z.string().max(MAX_RECEIPT_LENGTH),
  }),
  responseSchema: z.object({ receiptCount: z.int().min(0).describe('SMS that were told about.') }),
  example: {
    provider: 'twilio',
    deliveryId: '0190a6f0-8d2f-7c4b-8e63-4b6070d3e5f0',
    signature: 'RSOYDt4T1cUTdK1PDd93/VVr8B8=',
    body: 'MessageSid=SM0123456789abcdef0123456789abcdef&MessageStatus=delivered',
  },
  responseExample: { receiptCount: 1 },
});
