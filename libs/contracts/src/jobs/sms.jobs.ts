import { z } from 'zod';
import { defineJob } from '../contract.js';

/** As a user writes it; the worker brings it into E.164 form and refuses what is no number. */
const phone = z.string().min(3).max(30);
const phones = z.union([phone.transform((one) => [one]), z.array(phone).min(1).max(100)], { error: 'give one phone as a text of 3 to 30 characters, or a list of 1 to 100' });

/** The services that can carry an SMS. `sandbox` sends nothing and shows what it would have sent. */
export const smsProviders = ['aliyun', 'tencent', 'twilio', 'sandbox'] as const;
export type SmsProviderName = (typeof smsProviders)[number];

/** Name of a logical SMS template: each provider has its own id, signature and parameters for it. */
export const smsTemplateKey = z
  .string()
  .min(1)
  .max(100)
  .regex(/^[a-z][a-z0-9._-]*$/, 'use lower-case letters, digits and . _ - (at most 100, beginning with a letter)');

const smsFields = {
  phone: phones,
  message: z.string().min(1).max(1_600).optional().describe('Free text; only for providers that take it.'),
  templateKey: smsTemplateKey.optional().describe('A logical template; the worker finds the id, signature and parameters that the chosen provider has for it.'),
  template: z.string().min(1).max(100).optional().describe("The provider's own template id. Needs provider."),
  variables: z.record(z.string().max(100), z.union([z.string().max(500), z.number()])).optional(),
  provider: z.enum(smsProviders).optional().describe('Left out: by the chain of the country.'),
};

interface WithText {
  readonly message?: string | undefined;
  readonly templateKey?: string | undefined;
  readonly template?: string | undefined;
  readonly provider?: string | undefined;
}
const hasText = (sms: WithText) => sms.message !== undefined || sms.templateKey !== undefined || sms.template !== undefined;
const textRule = { error: 'give a message, a templateKey or a template', path: ['message'] };
const namesProvider = (sms: WithText) => sms.template === undefined || sms.provider !== undefined;
const providerRule = { error: 'is needed with template, because template ids differ between providers. Or give a templateKey', path: ['provider'] };

/** One SMS as it is ordered. */
export const smsOrder = z.object(smsFields).refine(hasText, textRule).refine(namesProvider, providerRule);

/** One text to one phone or a few. */
export const SendSms = defineJob({
  name: 'send-sms',
  version: 1,
  queue: 'sms',
  description: 'Sends one SMS to each of its phones. Its idempotency key is the job id: one key, one SMS to each.',
  timeoutMs: 60_000,
  hidden: ['message', 'variables'],
  masked: ['phone'],
  schema: smsOrder,
  example: { phone: ['+8613800138000'], templateKey: 'order-shipped', variables: { order: 'A-17' } },
});

/** Many SMS, each with its own result. */
export const SendBatchSms = defineJob({
  name: 'send-batch-sms',
  version: 1,
  queue: 'sms',
  description: 'Sends many SMS. One that fails spares the rest; each has its own result, in the order of the list. Goes on where it was after a crash.',
  timeoutMs: 3_600_000,
  hidden: ['messages.*.message', 'messages.*.variables'],
  masked: ['messages.*.phone'],
  schema: z.object({ messages: z.array(smsOrder).min(1).max(1_000) }),
  example: { messages: [{ phone: ['+8613800138000'], message: 'Your order has been shipped' }] },
});

/** A code that somebody waits for. */
export const SendVerificationCode = defineJob({
  name: 'send-verification-code',
  version: 1,
  queue: 'sms',
  description: 'Sends a verification code, before everything else. The code is one that the caller made, or that of a verification by its id; a code is sealed while it waits.',
  timeoutMs: 60_000,
  hidden: [],
  masked: ['phone'],
  sealed: ['code'],
  schema: z
    .object({
      phone,
      code: z
        .string()
        .regex(/^[0-9A-Za-z]{4,10}$/, 'give 4 to 10 letters or digits')
        .optional(),
      verificationId: z.uuid().optional(),
      expiresIn: z.int().min(1).max(60).default(5).describe('Minutes.'),
      provider: z.enum(smsProviders).optional(),
    })
    .refine((it) => (it.code === undefined) !== (it.verificationId === undefined), { error: 'give either code or verificationId', path: ['code'] }),
  example: { phone: '+8613800138000', verificationId: '0190a6f0-8d2f-7c4b-8e63-4b6070d3e5f0', expiresIn: 5 },
});
