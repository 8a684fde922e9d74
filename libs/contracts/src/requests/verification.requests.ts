import { z } from 'zod';
import { defineRequest } from '../contract.js';

const phone = z.string().min(3).max(30).describe('As a user writes it; brought into E.164 form.');

/** What the code is for: a code for one purpose opens no other. */
export const verificationPurpose = z
  .string()
  .regex(/^[a-z][a-z0-9._-]{0,49}$/, 'use lower-case letters, digits and . _ - (at most 50, beginning with a letter)')
  .describe('What the code is for, such as login; a code for one purpose is none for another.');

export const verificationOrder = {
  phone,
  purpose: verificationPurpose.default('login'),
};

/** What somebody who began a verification learns; the same whether the phone exists or not. */
export const startedVerification = z.object({
  verificationId: z.uuid(),
  isSent: z.boolean().describe('Whether a code is on its way because of this call; false: one went out a moment ago, or a limit of SMS holds it back; ask again after resendAfter.'),
  expiresAt: z.iso.datetime(),
  resendAfter: z.int().nonnegative().describe('Seconds after which the same code may be sent again: ask again then.'),
});

export const verificationStatuses = ['pending', 'approved', 'expired', 'canceled', 'max_attempts'] as const;

export const checkedVerification = z.object({
  verificationId: z.uuid(),
  isValid: z.boolean().describe('Whether this code, now, for the first time, was right.'),
  status: z.enum(verificationStatuses),
  attemptsLeft: z.int().nonnegative(),
});

/** Makes a code and sends it, or sends the same code again. */
export const StartVerification = defineRequest({
  name: 'verification.start',
  version: 1,
  description: 'Makes a verification code and sends it by SMS; within its life the same code again.',
  timeoutMs: 5_000,
  schema: z.object({ ...verificationOrder, clientKey: z.string().max(100).optional().describe('Stands for who asks from outside (a hash of an address), for a limit of its own.') }),
  responseSchema: startedVerification,
  example: { phone: '13800138000', purpose: 'login' },
  responseExample: { verificationId: '0190a6f0-8d2f-7c4b-8e63-4b6070d3e5f0', isSent: true, expiresAt: '2026-11-20T08:35:00.000Z', resendAfter: 60 },
});

/** Is this the code? */
export const CheckVerification = defineRequest({
  name: 'verification.check',
  version: 1,
  description: 'Whether a code is the one that was sent. The code comes sealed: a request lies in Redis on its way.',
  timeoutMs: 5_000,
  schema: z.object({
    verificationId: z.uuid().optional(),
    phone: phone.optional(),
    purpose: verificationPurpose.default('login'),
    sealedCode: z.string().min(1).max(500).describe('Sealed with SEAL_KEYS for verification.check/<tenant>.'),
  }),
  responseSchema: checkedVerification,
  example: { verificationId: '0190a6f0-8d2f-7c4b-8e63-4b6070d3e5f0', purpose: 'login', sealedCode: 'v1.k1.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' },
  responseExample: { verificationId: '0190a6f0-8d2f-7c4b-8e63-4b6070d3e5f0', isValid: true, status: 'approved' as const, attemptsLeft: 4 },
});

/** Ends a verification before its time. */
export const CancelVerification = defineRequest({
  name: 'verification.cancel',
  version: 1,
  description: 'Ends a verification; its code is no longer taken.',
  timeoutMs: 3_000,
  schema: z.object({ verificationId: z.uuid() }),
  responseSchema: z.object({ verificationId: z.uuid(), status: z.enum(verificationStatuses) }),
  example: { verificationId: '0190a6f0-8d2f-7c4b-8e63-4b6070d3e5f0' },
  responseExample: { verificationId: '0190a6f0-8d2f-7c4b-8e63-4b6070d3e5f0', status: 'canceled' as const },
});
