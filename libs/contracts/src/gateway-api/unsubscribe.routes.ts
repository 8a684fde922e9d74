import { z } from 'zod';
import { defineRoute } from '../route.js';

const tag = 'Unsubscribe';
const access = { kind: 'open', reason: 'whoever got a mail has no credential; the token of the link is one' } as const;
const params = z.object({ token: z.string().min(1).max(900) });
const example = { params: { token: 'v1.k1.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAA' } };

export const ShowUnsubscribe = defineRoute({
  id: 'unsubscribe.show',
  method: 'GET',
  path: '/unsubscribe/{token}',
  tag,
  summary: 'The page behind the unsubscribe link of a mail. It changes nothing: programs that check mails follow links.',
  access,
  params,
  response: z.string().describe('A page.'),
  example,
});

export const Unsubscribe = defineRoute({
  id: 'unsubscribe.do',
  method: 'POST',
  path: '/unsubscribe/{token}',
  tag,
  summary: 'Unsubscribe: the button of that page, and the one-click request of mail programs (RFC 8058). Idempotent.',
  access,
  params,
  rawBody: { as: 'text' },
  response: z.string().describe('A page.'),
  example: { ...example, headers: { 'content-type': 'application/x-www-form-urlencoded' } },
});
