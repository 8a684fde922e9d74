import { AngariumError } from '@angarium/errors';

/** What came of one attempt: an answer, its header names in lower case, or the error that stood in its way. */
export type AttemptOutcome =
  | { readonly status: number; readonly headers: Readonly<Record<string, string | undefined>> }
  | { readonly error: unknown };

export type Verdict =
  | { readonly kind: 'delivered' }
  | {
      readonly kind: 'failed';
      readonly reason: string;
      /** The receiver asks for this pause at least. Above 0, at most 24 h. */
      readonly retryAfterMs?: number;
      /** The receiver has too much to do: others of its messages should wait, too. */
      readonly isThrottled?: boolean;
    }
  /** No further attempt for this message: it is a dead letter at once. */
  | { readonly kind: 'aborted'; readonly reason: string }
  /** No further message for this subscription; `isDelivered` when this one was still taken. */
  | { readonly kind: 'disabled'; readonly reason: string; readonly isDelivered: boolean };

const MAX_RETRY_AFTER_MS = 24 * 3_600_000;
const throttled = new Set([429, 502, 504]);
const mayName = new Set([429, 503]);

/**
 * What an attempt means for the delivery and its subscription (Standard Webhooks 1.0 and the header webhook-delivery of Svix).
 * Pure and total: whatever the receiver sends, there is a verdict.
 * - 2xx, and nothing else, is success. 3xx is a failure: redirects are not followed.
 * - 410, or `webhook-delivery: disable` on any answer: the subscription ends.
 * - `webhook-delivery: abort-message` on a failure: no more attempts.
 * - An error with verdict `never` fails again each time: no more attempts.
 * @param nowMs against which a date in Retry-After is read.
 */
export function judgeResponse(outcome: AttemptOutcome, nowMs: number = Date.now()): Verdict {
  if ('error' in outcome) return judgeError(outcome.error);
  const { status, headers } = outcome;
  const isDelivered = status >= 200 && status < 300;
  const wish = headers['webhook-delivery']?.trim().toLowerCase();
  if (wish === 'disable') return { kind: 'disabled', reason: `The receiver answered ${status} with webhook-delivery: disable.`, isDelivered };
  if (isDelivered) return { kind: 'delivered' };
  if (status === 410) return { kind: 'disabled', reason: 'The receiver answered 410: it is gone.', isDelivered };
  if (wish === 'abort-message') return { kind: 'aborted', reason: `The receiver answered ${status} with webhook-delivery: abort-message.` };
  const isRedirect = status >= 300 && status < 400;
  const retryAfterMs = mayName.has(status) ? readRetryAfter(headers['retry-after'], nowMs) : undefined;
  return {
    kind: 'failed',
    reason: isRedirect ? `The receiver answered ${status}; redirects are not followed.` : `The receiver answered ${status}.`,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(throttled.has(status) ? { isThrottled: true } : {}),
  };
}

/** Only texts that were written for readers outside: those of AngariumErrors. */
function judgeError(error: unknown): Verdict {
  if (!(error instanceof AngariumError)) return { kind: 'failed', reason: 'The attempt failed inside the broker.' };
  const reason = `${error.code}: ${error.message}`;
  return error.retry === 'never' ? { kind: 'aborted', reason } : { kind: 'failed', reason };
}

/** The three forms of a date in HTTP (RFC 9110, 5.6.7). `Date.parse` alone takes nearly anything for a date. */
const httpDates = [
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/,
  /^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, \d\d-[A-Z][a-z]{2}-\d\d \d\d:\d\d:\d\d GMT$/,
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/,
];

/**
 * Milliseconds that Retry-After (seconds or an HTTP date) asks for, at most 24 hours;
 * undefined when it asks for nothing: missing, nonsense, 0 or in the past.
 */
export function readRetryAfter(text: string | undefined, nowMs: number): number | undefined {
  const value = text?.trim() ?? '';
  const waitMs = /^\d+$/.test(value) ? Number(value) * 1_000 : httpDates.some((form) => form.test(value)) ? dateOf(value) - nowMs : NaN;
  return waitMs > 0 ? Math.min(waitMs, MAX_RETRY_AFTER_MS) : undefined;
}

function dateOf(text: string): number {
  return Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
}
