import { z } from 'zod';
import { defineRoute } from '../route.js';

export const CancelEmail = defineRoute({
  id: 'email.cancel',
  method: 'DELETE',
  path: '/emails/{jobId}',
  tag: 'Mails',
  summary: 'Cancel a scheduled mail that has not begun.',
  access: { kind: 'scope', scope: 'publish' },
  params: z.object({ jobId: z.string().min(1).max(300) }),
  response: z.object({ isCancelled: z.literal(true) }),
  errors: ['JOB_NOT_FOUND', 'JOB_STATE_WRONG'],
  example: { params: { jobId: '0190a6f0-8d2f-7c4b-8e63-4b6070d3e5f0' } },
});
