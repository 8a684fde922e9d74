import { z } from 'zod';
import { defineRequest } from '../contract.js';
import { smsProviders, smsTemplateKey } from '../jobs/sms.jobs.js';

const provider = z.enum(smsProviders);
const variableName = z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,49}$/, 'use letters, digits and _ (at most 50, beginning with a letter)');

const providerTemplate = z.object({
  id: z.string().min(1).max(100).describe("The provider's own id: SMS_123456789, 1234567, HX0123…"),
  signName: z.string().min(1).max(50).optional().describe('Signature, where the provider wants one; left out: that of its configuration.'),
  names: z.record(variableName, z.string().min(1).max(50)).optional().describe('What the provider calls a variable, where it calls it something else.'),
  order: z.array(variableName).max(20).optional().describe('Order of the variables, for providers that take them without names. Left out: that of variables.'),
});

/** What a tenant may say of a logical template. */
export const smsTemplateSettings = z
  .object({
    variables: z.array(variableName).max(20).default([]),
    text: z.string().min(1).max(1_600).optional().describe('Free text with {{name}} for each variable; for providers that take free text.'),
    providers: z.partialRecord(provider, providerTemplate).default({}),
  })
  .refine(({ text, providers }) => text !== undefined || Object.keys(providers).length > 0, {
    error: 'give a text, or a template of one provider at least',
    path: ['text'],
  })
  .refine(({ text, variables }) => [...(text ?? '').matchAll(/\{\{\s*(\w+)\s*\}\}/g)].every(([, name]) => variables.includes(String(name))), {
    error: 'every {{name}} of the text must be among the variables',
    path: ['text'],
  })
  .refine(({ providers, variables }) => Object.values(providers).every(({ names = {}, order = [] }) => [...Object.keys(names), ...order].every((it) => variables.includes(it))), {
    error: 'names and order may only name variables of the template',
    path: ['providers'],
  });
export type SmsTemplateSettings = z.output<typeof smsTemplateSettings>;

export const smsTemplateView = z.object({
  key: z.string(),
  variables: z.array(z.string()),
  text: z.string().optional(),
  providers: z.partialRecord(provider, providerTemplate),
  version: z.int().nonnegative().describe('0: the default of the system, until you set your own.'),
});
export type SmsTemplateView = z.output<typeof smsTemplateView>;

const templateExample = {
  variables: ['order'],
  text: 'Your order {{order}} has been shipped',
  providers: { aliyun: { id: 'SMS_123456789', signName: 'Angarium', names: { order: 'code' } }, tencent: { id: '1234567', order: ['order'] } },
};
const viewExample = { key: 'order-shipped', ...templateExample, version: 1 };

/** Asks for a logical template. */
export const GetSmsTemplate = defineRequest({
  name: 'sms.template.get',
  version: 1,
  description: 'A logical SMS template of the tenant, or the default of the system.',
  timeoutMs: 3_000,
  schema: z.object({ key: smsTemplateKey }),
  responseSchema: smsTemplateView,
  example: { key: 'order-shipped' },
  responseExample: viewExample,
});

/** Sets a logical template. */
export const PutSmsTemplate = defineRequest({
  name: 'sms.template.put',
  version: 1,
  description: 'Makes or replaces a logical SMS template of the tenant.',
  timeoutMs: 3_000,
  schema: z.object({ key: smsTemplateKey, settings: smsTemplateSettings }),
  responseSchema: smsTemplateView,
  example: { key: 'order-shipped', settings: templateExample },
  responseExample: viewExample,
});

/** Removes a logical template. */
export const DeleteSmsTemplate = defineRequest({
  name: 'sms.template.delete',
  version: 1,
  description: 'Removes a logical SMS template of the tenant; a default of the system of that name comes back.',
  timeoutMs: 3_000,
  schema: z.object({ key: smsTemplateKey }),
  responseSchema: z.object({ key: z.string() }),
  example: { key: 'order-shipped' },
  responseExample: { key: 'order-shipped' },
});

/** What an SMS may be asked about before it is sent. */
export const smsQuestion = z
  .object({
    phone: z.string().min(3).max(30),
    message: z.string().min(1).max(1_600).optional(),
    templateKey: smsTemplateKey.optional(),
    variables: z.record(z.string().max(100), z.union([z.string().max(500), z.number()])).optional(),
    provider: provider.optional(),
    purpose: z.enum(['message', 'verification']).default('message').describe('Codes and other messages are counted apart.'),
  })
  .refine(({ message, templateKey }) => message !== undefined || templateKey !== undefined, { error: 'give a message or a templateKey', path: ['message'] });

export const smsExplanation = z.object({
  maySend: z.boolean().describe('Whether it would go out now.'),
  country: z.string().optional(),
  refusals: z.array(z.object({ rule: z.string(), reason: z.string(), waitSeconds: z.int().nonnegative().nullable().describe('null: waiting does not help.') })),
  chain: z.array(z.object({ provider: z.string(), canServe: z.boolean(), reason: z.string().optional(), segments: z.int().optional(), cost: z.number().optional() })),
  missingVariables: z.array(z.string()),
});
export type SmsExplanation = z.output<typeof smsExplanation>;

/** Would this SMS go out now? */
export const ExplainSms = defineRequest({
  name: 'sms.explain',
  version: 1,
  description: 'Which rules would refuse an SMS now and for how long, which providers could carry it, in how many segments and at what cost. Takes nothing from any limit.',
  timeoutMs: 3_000,
  schema: smsQuestion,
  responseSchema: smsExplanation,
  example: { phone: '13800138000', message: 'Your order has been shipped', purpose: 'message' as const },
  responseExample: {
    maySend: false,
    country: 'CN',
    refusals: [{ rule: 'phone-per-minute', reason: 'At most 1 a minute to one phone.', waitSeconds: 41 }],
    chain: [{ provider: 'twilio', canServe: true, segments: 1, cost: 0.05 }],
    missingVariables: [],
  },
});
