import { z } from 'zod';
import { defineEvent, queueNames } from '../contract.js';

/** What an operator may do to a queue, or to a job in it. */
export const queueActs = ['queue.pause', 'queue.resume', 'queue.empty', 'queue.clean', 'queue.promote', 'job.retry', 'job.remove', 'job.promote'] as const;

/** An operator changed a queue, or a job in it. */
export const QueueChanged = defineEvent({
  name: 'queue.changed',
  version: 1,
  description: 'An operator changed a queue, or a job in it: by the routes of the gateway or on the dashboard. The audit record follows from it.',
  schema: z.object({
    queue: z.enum(queueNames),
    act: z.enum(queueActs),
    jobId: z.string().min(1).max(500).optional().describe('Of the job that was changed; left out where it was the queue.'),
    by: z.string().min(1).max(200).describe('Name of the key that did it.'),
    keyId: z.string().min(1).max(200),
    via: z.enum(['api', 'dashboard']),
    changedAt: z.iso.datetime(),
  }),
  example: { queue: 'email', act: 'job.retry', jobId: 'welcome-42', by: 'operations', keyId: '0190a6f0-7c1e-7b3a-9d52-3a5f6f1c2d4e', via: 'api', changedAt: '2026-11-21T13:20:00.000Z' },
  subjectOf: ({ queue }) => queue,
});
