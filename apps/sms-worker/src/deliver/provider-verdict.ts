import type { SmsProviderName } from '@angarium/contracts';
import type { AngariumError } from '@angarium/errors';
import { ProviderErrors } from './provider-errors.js';

/**
 * What a provider's code means for the SMS. `rejected`, `throttled`, `account` and `away` are definite: it was not sent.
 * `reason` is our own sentence: providers repeat phones and texts in theirs.
 */
export type ProviderVerdict =
  | { readonly kind: 'rejected'; readonly reason: string; readonly mayFailover: boolean }
  | { readonly kind: 'throttled'; readonly reason: string; readonly afterMs: number }
  | { readonly kind: 'account'; readonly reason: string }
  | { readonly kind: 'away'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string };

/** The SMS itself cannot be sent, by nobody: the number does not exist, its owner does not want it. */
export const hopeless = (reason: string): ProviderVerdict => ({ kind: 'rejected', reason, mayFailover: false });
/** This provider does not send it; another one might. */
export const notHere = (reason: string): ProviderVerdict => ({ kind: 'rejected', reason, mayFailover: true });
export const throttled = (reason: string, afterMs: number): ProviderVerdict => ({ kind: 'throttled', reason, afterMs });
export const account = (reason: string): ProviderVerdict => ({ kind: 'account', reason });
export const inDoubt = (reason: string): ProviderVerdict => ({ kind: 'unknown', reason });

/** A code that no table has is shown, unless it is no code at all: then it could be anything. */
const codeForm = /^[\w.-]{1,80}$/;

/** The error of a verdict. `details` are `{provider, code, mayFailover}`. */
export function refusalOf(provider: SmsProviderName, code: string, verdict: ProviderVerdict): AngariumError {
  const shownCode = codeForm.test(code) ? code : 'UNREADABLE';
  const mayFailover = verdict.kind === 'rejected' ? verdict.mayFailover : verdict.kind !== 'unknown';
  const context = { details: { provider, code: shownCode, mayFailover } };
  const message = `${provider}: ${verdict.reason} (${shownCode}).`;
  switch (verdict.kind) {
    case 'rejected':
      return ProviderErrors.SMS_REJECTED(message, context);
    case 'throttled':
      return ProviderErrors.SMS_THROTTLED(`${message} Again in ${Math.ceil(verdict.afterMs / 1000)} s.`, { ...context, retry: { afterMs: verdict.afterMs } });
    case 'account':
      return ProviderErrors.SMS_LOGIN_REFUSED(`${message} Correct the credentials or the account.`, context);
    case 'away':
      return ProviderErrors.SMS_PROVIDER_AWAY(message, context);
    case 'unknown':
      return ProviderErrors.SMS_OUTCOME_UNKNOWN(`${message} The SMS may have been sent; ask before sending again.`, context);
  }
}
