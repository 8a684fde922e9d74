import { z } from 'zod';
import { defineJob } from '../contract.js';

const name = z
  .string()
  .min(1)
  .max(100)
  .regex(/^[a-z][a-z0-9.-]*$/, 'use lower-case letters, digits and . - (at most 100, beginning with a letter)');
const userId = z.string().min(1).max(100).optional().describe('On whose behalf.');
const parameters = z.record(z.string().max(100), z.union([z.string().max(2_000), z.number(), z.boolean(), z.array(z.string().max(2_000)).max(100)]));

/** A message for a person, over whichever channels that person wants. */
export const SendNotification = defineJob({
  name: 'send-notification',
  version: 1,
  queue: 'notification',
  description: "Tells a user something over the channels of the user's preference, or those that are named.",
  timeoutMs: 60_000,
  hidden: ['title', 'message', 'data'],
  schema: z.object({
    userId: z.string().min(1).max(100),
    type: name.describe('What it is about, such as order.shipped.'),
    title: z.string().min(1).max(200),
    message: z.string().min(1).max(5_000),
    channels: z.array(z.enum(['email', 'sms', 'realtime'])).min(1).max(3).optional(),
    data: parameters.optional(),
  }),
  example: { userId: 'user-123', type: 'order.shipped', title: 'On its way', message: 'Your order left our house.' },
});

export const ExportData = defineJob({
  name: 'export-data',
  version: 1,
  queue: 'data-export',
  description: 'Writes a data set into a file that can be fetched.',
  timeoutMs: 3_600_000,
  schema: z.object({ dataset: name, format: z.enum(['csv', 'jsonl']).default('csv'), filter: parameters.optional(), userId }),
  example: { dataset: 'users', format: 'csv' },
});

export const GenerateReport = defineJob({
  name: 'generate-report',
  version: 1,
  queue: 'report-generation',
  description: 'Makes a report that can be fetched.',
  timeoutMs: 3_600_000,
  schema: z.object({ report: name, format: z.enum(['json', 'html', 'csv']).default('json'), parameters: parameters.optional(), userId }),
  example: { report: 'daily-stats', format: 'json' },
});

export const ProcessImage = defineJob({
  name: 'process-image',
  version: 1,
  queue: 'image-processing',
  description: 'Resizes or converts an image that is stored.',
  timeoutMs: 300_000,
  schema: z.object({
    fileId: z.uuid().describe('The stored image.'),
    width: z.int().min(1).max(10_000).optional(),
    height: z.int().min(1).max(10_000).optional(),
    format: z.enum(['jpeg', 'png', 'webp', 'avif']).optional(),
    userId,
  }),
  example: { fileId: '0190a6f0-8d2f-7c4b-8e63-4b6070d3e5f0', width: 640, format: 'webp' },
});

export const ProcessLogs = defineJob({
  name: 'process-logs',
  version: 1,
  queue: 'log-processing',
  description: 'Parses a log file that is stored and stores its entries.',
  timeoutMs: 3_600_000,
  schema: z.object({ fileId: z.uuid().describe('The stored log file.'), format: z.enum(['json', 'combined', 'text']).default('json'), source: z.string().min(1).max(200) }),
  example: { fileId: '0190a6f0-8d2f-7c4b-8e63-4b6070d3e5f0', format: 'json', source: 'gateway' },
});
