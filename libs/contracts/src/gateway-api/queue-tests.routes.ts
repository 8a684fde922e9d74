import { StartDevice } from '../jobs/device.jobs.js';
import { mailOrder } from '../jobs/email.jobs.js';
import { smsOrder } from '../jobs/sms.jobs.js';
import { defineRoute } from '../route.js';
import { jobReference } from './queues.routes.js';

const shared = {
  method: 'POST',
  tag: 'Queues',
  access: { kind: 'operator' },
  status: 202,
  response: jobReference,
  errors: ['REDIS_UNAVAILABLE', 'REDIS_REFUSED'],
} as const;
// jobs stay open for fields of newer producers; a person who writes a field that does not exist is told so
const description = 'For trying things out: with NODE_ENV=production there is no such route, and the answer is 404.';

export const TestSendEmail = defineRoute({
  ...shared,
  id: 'queues.test-send-email',
  path: '/queues/test/send-email',
  summary: 'Order one mail, outside production.',
  description,
  body: mailOrder.strict(),
  example: { body: { to: 'test@example.com', subject: 'Test Email', html: '<h1>Hello World</h1>' } },
});

export const TestSendSms = defineRoute({
  ...shared,
  id: 'queues.test-send-sms',
  path: '/queues/test/send-sms',
  summary: 'Order one SMS, outside production.',
  description,
  body: smsOrder.strict(),
  example: { body: { phone: '13800138000', message: 'Test SMS' } },
});

export const TestStartDevice = defineRoute({
  ...shared,
  id: 'queues.test-start-device',
  path: '/queues/test/start-device',
  summary: 'Order the start of a device, outside production.',
  description,
  body: StartDevice.schema.strict(),
  example: { body: { deviceId: 'device-001', userId: 'user-123' } },
});
