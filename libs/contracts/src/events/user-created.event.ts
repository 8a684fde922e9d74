import { z } from 'zod';
import { defineEvent } from '../contract.js';

/** A user registered and is stored. */
export const UserCreated = defineEvent({
  name: 'user.created',
  version: 1,
  description: 'A user registered and is stored. The welcome mail, the profile and the audit record follow from it.',
  schema: z.object({
    userId: z.uuid(),
    email: z.email().max(254),
    username: z.string().min(1).max(64),
    createdAt: z.iso.datetime(),
  }),
  example: {
    userId: '0190a6f0-7c1e-7b3a-9d52-3a5f6f1c2d4e',
    email: 'ada@example.com',
    username: 'ada',
    createdAt: '2026-11-20T08:30:00.000Z',
  },
  subjectOf: ({ userId }) => userId,
});
