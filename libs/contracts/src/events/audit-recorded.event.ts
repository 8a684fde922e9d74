import { z } from 'zod';
import { defineEvent } from '../contract.js';

/** An entry was added to the audit trail. */
export const AuditRecorded = defineEvent({
  name: 'audit.recorded',
  version: 1,
  description: 'An entry was added to the audit trail.',
  schema: z.object({
    auditId: z.uuid(),
    action: z.string().min(1).max(100),
    subject: z.string().min(1).max(200),
    recordedAt: z.iso.datetime(),
  }),
  example: {
    auditId: '0190a6f0-af41-7e6d-a085-6d8292f50712',
    action: 'user.created',
    subject: '0190a6f0-7c1e-7b3a-9d52-3a5f6f1c2d4e',
    recordedAt: '2026-11-20T08:30:00.500Z',
  },
  subjectOf: ({ subject }) => subject,
});
