import { z } from 'zod';
import { checkedVerification, startedVerification, verificationOrder, verificationPurpose, verificationStatuses } from '../requests/verification.requests.js';
import { defineRoute } from '../route.js';

const tag = 'Verifications';
const access = { kind: 'scope', scope: 'publish' } as const;
const verificationId = '0190a6f0-8d2f-7c4b-8e63-4b6070d3e5f0';

export const StartVerificationRoute = defineRoute({
  id: 'verification.start',
  method: 'POST',
  path: '/verifications',
  tag,
  summary: 'Send a verification code to a phone. Asked again while it lives, the same code goes out again, after 60 s, then 120 s, …',
  description: 'The answer looks the same whether the phone exists or not. A call before resendAfter sends nothing and says so. Where a limit of SMS would hold back a code that is not begun yet (another purpose, or after one that was used), it is refused with SMS_LIMITED and retryAfter, and nothing is begun.',
  access,
  body: z.strictObject({
    ...verificationOrder,
    clientAddress: z.union([z.ipv4(), z.ipv6()], { error: 'give an IP address, or leave it out' }).optional().describe('IP address of the person who asks, where you know it: counted apart, so that one cannot use up your limits.'),
  }),
  status: 202,
  response: startedVerification,
  errors: ['SMS_PHONE_INVALID', 'SMS_COUNTRY_REFUSED', 'SMS_NO_PROVIDER', 'SMS_LIMITED'],
  example: { body: { phone: '13800138000', purpose: 'login' } },
});

export const CheckVerificationRoute = defineRoute({
  id: 'verification.check',
  method: 'POST',
  path: '/verifications/check',
  tag,
  summary: 'Check a code: by its verificationId, or by phone and purpose. Right once; five tries.',
  access,
  body: z
    .strictObject({
      verificationId: z.uuid().optional(),
      phone: z.string().min(3).max(30).optional(),
      purpose: verificationPurpose.default('login'),
      code: z.string().regex(/^\d{6}$/, 'give the six digits'),
    })
    .refine((it) => it.verificationId !== undefined || it.phone !== undefined, { error: 'give verificationId or phone', path: ['verificationId'] }),
  response: checkedVerification,
  errors: ['VERIFICATION_NOT_FOUND', 'SMS_PHONE_INVALID'],
  example: { body: { verificationId, purpose: 'login', code: '123456' } },
});

export const CancelVerificationRoute = defineRoute({
  id: 'verification.cancel',
  method: 'DELETE',
  path: '/verifications/{verificationId}',
  tag,
  summary: 'End a verification before its time; its code is no longer taken.',
  access,
  params: z.object({ verificationId: z.uuid() }),
  response: z.object({ verificationId: z.uuid(), status: z.enum(verificationStatuses) }),
  errors: ['VERIFICATION_NOT_FOUND'],
  example: { params: { verificationId } },
});
