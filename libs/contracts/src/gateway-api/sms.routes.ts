import { z } from 'zod';
import { smsTemplateKey } from '../jobs/sms.jobs.js';
import { smsExplanation, smsQuestion, smsTemplateSettings, smsTemplateView } from '../requests/sms.requests.js';
import { defineRoute } from '../route.js';

const tag = 'SMS';
const byKey = z.object({ key: smsTemplateKey });
const settings = {
  variables: ['order'],
  text: 'Your order {{order}} has been shipped',
  providers: { aliyun: { id: 'SMS_123456789', signName: 'Angarium', names: { order: 'code' } } },
};

export const ExplainSmsRoute = defineRoute({
  id: 'sms.explain',
  method: 'POST',
  path: '/sms/explain',
  tag,
  summary: 'Say which rules would refuse an SMS now, how long, and which providers could carry it. Sends nothing.',
  access: { kind: 'scope', scope: 'publish' },
  body: smsQuestion.strict(),
  response: smsExplanation,
  errors: ['SMS_TEMPLATE_NOT_FOUND'],
  example: { body: { phone: '13800138000', message: 'Your order has been shipped' } },
});

export const GetSmsTemplateRoute = defineRoute({
  id: 'sms-template.get',
  method: 'GET',
  path: '/sms-templates/{key}',
  tag,
  summary: 'Show a logical SMS template: its text, and what each provider calls it.',
  access: { kind: 'scope', scope: 'admin' },
  params: byKey,
  response: smsTemplateView,
  errors: ['SMS_TEMPLATE_NOT_FOUND'],
  example: { params: { key: 'verification' } },
});

export const PutSmsTemplateRoute = defineRoute({
  id: 'sms-template.put',
  method: 'PUT',
  path: '/sms-templates/{key}',
  tag,
  summary: 'Make or replace a logical SMS template.',
  access: { kind: 'scope', scope: 'admin' },
  params: byKey,
  body: smsTemplateSettings.strict(),
  response: smsTemplateView,
  errors: ['SMS_TEMPLATE_INVALID'],
  example: { params: { key: 'order-shipped' }, body: settings },
});

export const DeleteSmsTemplateRoute = defineRoute({
  id: 'sms-template.delete',
  method: 'DELETE',
  path: '/sms-templates/{key}',
  tag,
  summary: 'Remove a logical SMS template; the default of the system of that name, if there is one, comes back.',
  access: { kind: 'scope', scope: 'admin' },
  params: byKey,
  response: z.object({ key: z.string() }),
  errors: ['SMS_TEMPLATE_NOT_FOUND'],
  example: { params: { key: 'order-shipped' } },
});
