import { z } from 'zod';
import { defineRequest } from '../contract.js';

/** Who is this user? Answered by the task worker, which keeps the profiles. */
export const GetUser = defineRequest({
  name: 'user.get',
  version: 1,
  description: 'A user with the profile that was made from user.created. Error USER_NOT_FOUND while there is none.',
  timeoutMs: 3_000,
  schema: z.object({ userId: z.uuid() }),
  responseSchema: z.object({
    userId: z.uuid(),
    username: z.string(),
    email: z.string(),
    profile: z.object({
      displayName: z.string(),
      bio: z.string(),
      createdAt: z.iso.datetime(),
    }),
  }),
  example: { userId: '0190a6f0-7c1e-7b3a-9d52-3a5f6f1c2d4e' },
  responseExample: {
    userId: '0190a6f0-7c1e-7b3a-9d52-3a5f6f1c2d4e',
    username: 'ada',
    email: 'ada@example.com',
    profile: { displayName: 'ada', bio: '', createdAt: '2026-11-20T08:30:00.400Z' },
  },
});
