import { z } from 'zod';
import { defineRoute } from '../route.js';

const tag = 'Receipts';
const errors = ['SMS_RECEIPT_REFUSED', 'SMS_RECEIPT_UNREADABLE', 'PAYLOAD_TOO_LARGE'];

export const receiveTwilioReceipt = defineRoute({
  id: 'sms.receipt.twilio',
  method: 'POST',
  path: '/sms/receipts/twilio',
  tag,
  summary: 'Twilio tells what became of an SMS.',
  description:
    'A form of Twilio (`application/x-www-form-urlencoded`), verified by `X-Twilio-Signature` over the address that PUBLIC_URL names. The worker names this address in every SMS; nothing has to be set up at Twilio.',
  access: { kind: 'open', reason: 'Twilio carries no credential of ours; each call is verified by its signature' },
  rawBody: { as: 'text' },
  query: z.object({ delivery: z.string().max(100).optional().describe('Our id of the SMS.') }),
  status: 204,
  response: z.undefined(),
  errors,
});

export const receiveSmsReceipts = defineRoute({
  id: 'sms.receipt.bundle',
  method: 'POST',
  path: '/sms/receipts/{provider}/{secret}',
  tag,
  summary: 'Aliyun or Tencent tells what became of SMS.',
  description: 'Their JSON arrays, up to 200 KB. They sign nothing, so the address itself is the secret: set it up at the provider with SMS_RECEIPT_SECRET as its last part.',
  access: { kind: 'open', reason: 'the providers carry no credential of ours; the secret in the path proves them' },
  rawBody: { as: 'text' },
  params: z.object({ provider: z.enum(['aliyun', 'tencent']), secret: z.string().min(1).max(100).describe('SMS_RECEIPT_SECRET') }),
  response: z.union([z.object({ code: z.literal(0), msg: z.string() }), z.object({ result: z.literal(0), errmsg: z.string() })]).describe('What the provider takes for an acknowledgement: the first for Aliyun, the second for Tencent.'),
  errors,
  example: { params: { provider: 'aliyun', secret: 'a-secret-of-24-letters-or-more' } },
});
