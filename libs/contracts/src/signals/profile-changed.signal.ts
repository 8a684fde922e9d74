import { z } from 'zod';
import { defineSignal } from '../contract.js';

/** A profile is new or different: drop what you remember of the user. */
export const ProfileChanged = defineSignal({
  name: 'profile.changed',
  version: 1,
  description: 'A profile is new or different; every gateway replica drops its cached copy of the user.',
  schema: z.object({ userId: z.uuid() }),
  example: { userId: '0190a6f0-7c1e-7b3a-9d52-3a5f6f1c2d4e' },
});
