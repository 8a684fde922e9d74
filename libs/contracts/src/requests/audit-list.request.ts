import { z } from 'zod';
import { defineRequest } from '../contract.js';

const record = z.object({
  auditId: z.uuid(),
  action: z.string(),
  subject: z.string(),
  actor: z.string(),
  source: z.string().describe('The service that stated the fact.'),
  correlationId: z.string(),
  recordedAt: z.iso.datetime(),
});

/** What happened to this subject? */
export const ListAudit = defineRequest({
  name: 'audit.list',
  version: 1,
  description: 'The audit trail of one subject, newest first.',
  timeoutMs: 3_000,
  schema: z.object({
    subject: z.string().min(1).max(200),
    limit: z.int().min(1).max(100).default(50),
  }),
  responseSchema: z.object({ records: z.array(record) }),
  example: { subject: '0190a6f0-7c1e-7b3a-9d52-3a5f6f1c2d4e', limit: 50 },
  responseExample: {
    records: [
      {
        auditId: '0190a6f0-af41-7e6d-a085-6d8292f50712',
        action: 'user.created',
        subject: '0190a6f0-7c1e-7b3a-9d52-3a5f6f1c2d4e',
        actor: 'anonymous',
        source: 'gateway',
        correlationId: '0190a6f0-c052-7f7e-b196-7e93a3061823',
        recordedAt: '2026-11-20T08:30:00.500Z',
      },
    ],
  },
});
