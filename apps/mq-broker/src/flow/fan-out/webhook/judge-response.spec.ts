import { EgressErrors } from '@angarium/egress';
import fc from 'fast-check';
import { judgeResponse, readRetryAfter } from './judge-response.js';

const nowMs = Date.UTC(2026, 0, 2, 3, 4, 5);
const judge = (status: number, headers: Record<string, string> = {}) => judgeResponse({ status, headers }, nowMs);

describe('an answer', () => {
  it.each([200, 201, 202, 204, 299])('of %i means delivered', (status) => {
    expect(judge(status)).toEqual({ kind: 'delivered' });
  });

  it.each([300, 301, 302, 304, 307, 308])('of %i means failed: redirects are not followed', (status) => {
    expect(judge(status, { location: 'https://elsewhere.example/' })).toEqual({ kind: 'failed', reason: `The receiver answered ${status}; redirects are not followed.` });
  });

  it.each([400, 401, 403, 404, 409, 418, 422, 500, 501, 503])('of %i means failed', (status) => {
    expect(judge(status)).toEqual({ kind: 'failed', reason: `The receiver answered ${status}.` });
  });

  it.each([429, 502, 504])('of %i means failed, and that the receiver has too much to do', (status) => {
    expect(judge(status)).toMatchObject({ kind: 'failed', isThrottled: true });
  });

  it('of 410 ends the subscription, with or without a wish', () => {
    expect(judge(410)).toMatchObject({ kind: 'disabled', isDelivered: false });
    expect(judge(410, { 'webhook-delivery': 'abort-message' })).toMatchObject({ kind: 'disabled', isDelivered: false });
  });
});

describe('the wish of the receiver', () => {
  it('to disable ends the subscription, also when it took this message', () => {
    expect(judge(500, { 'webhook-delivery': 'disable' })).toMatchObject({ kind: 'disabled', isDelivered: false });
    expect(judge(200, { 'webhook-delivery': ' Disable ' })).toMatchObject({ kind: 'disabled', isDelivered: true });
  });

  it('to abort ends the attempts for a message that failed, and means nothing for one that was delivered', () => {
    expect(judge(422, { 'webhook-delivery': 'abort-message' })).toMatchObject({ kind: 'aborted' });
    expect(judge(200, { 'webhook-delivery': 'abort-message' })).toEqual({ kind: 'delivered' });
  });

  it.each(['', 'enable', 'disabled', 'abort', 'disable, abort-message'])('"%s" is unknown and changes nothing', (wish) => {
    expect(judge(500, { 'webhook-delivery': wish })).toMatchObject({ kind: 'failed' });
    expect(judge(200, { 'webhook-delivery': wish })).toEqual({ kind: 'delivered' });
  });
});

describe('Retry-After', () => {
  it.each([
    ['120', 120_000],
    [' 1 ', 1_000],
    ['86400', 86_400_000],
    ['86401', 86_400_000],
    ['9'.repeat(400), 86_400_000],
    ['Fri, 02 Jan 2026 03:05:05 GMT', 60_000],
    ['Friday, 02-Jan-26 03:05:05 GMT', 60_000],
    ['Fri Jan  2 03:05:05 2026', 60_000],
    ['Fri, 02 Jan 2099 03:05:05 GMT', 86_400_000],
  ])('"%s" asks for %i ms, at most 24 hours', (text, expected) => {
    expect(judge(429, { 'retry-after': text })).toMatchObject({ kind: 'failed', retryAfterMs: expected });
    expect(judge(503, { 'retry-after': text })).toMatchObject({ kind: 'failed', retryAfterMs: expected });
  });

  it.each([
    '', '0', '-1', '1.5', '1e3', '0x10', 'soon', '1 minute', '2026-01-02', '1 2', '2026-02-01T00:00:00Z', '3 Jan 2026', 'January 3, 2026 GMT', 'Fri, 02 Jan 2026 03:04:05 GMT', 'Thu, 01 Jan 2026 00:00:00 GMT',
    'Fri, 99 Jan 2026 03:05:05 GMT', 'Fri, 02 Foo 2026 03:05:05 GMT', 'NaN', 'Infinity',
  ])('"%s" asks for nothing', (text) => {
    expect(readRetryAfter(text, nowMs)).toBeUndefined();
    expect(judge(429, { 'retry-after': text })).not.toHaveProperty('retryAfterMs');
  });

  it('counts with 429 and 503 only', () => {
    for (const status of [200, 301, 400, 500, 502, 504]) expect(judge(status, { 'retry-after': '60' })).not.toHaveProperty('retryAfterMs');
  });
});

describe('an error', () => {
  it('that may pass means failed, with its code and text as reason', () => {
    expect(judgeResponse({ error: EgressErrors.EGRESS_TIMEOUT('hooks.example: late.') })).toEqual({ kind: 'failed', reason: 'EGRESS_TIMEOUT: hooks.example: late.' });
    expect(judgeResponse({ error: EgressErrors.EGRESS_TARGET_REFUSED('no address', { retry: 'later' }) })).toMatchObject({ kind: 'failed' });
  });

  it('that will come again each time ends the attempts', () => {
    expect(judgeResponse({ error: EgressErrors.EGRESS_TARGET_REFUSED() })).toMatchObject({ kind: 'aborted', reason: expect.stringContaining('EGRESS_TARGET_REFUSED') as string });
  });

  it('that nobody foresaw means failed, and its text stays inside', () => {
    for (const error of [new Error('connect 10.0.0.1'), 'text', undefined, null]) {
      expect(judgeResponse({ error })).toEqual({ kind: 'failed', reason: 'The attempt failed inside the broker.' });
    }
  });
});

it('there is a verdict for every status and whatever stands in the headers; a pause is above 0 and at most 24 hours', () => {
  const pieces = fc.constantFrom('1', '-', ' ', ',', ':', 'GMT', 'Fri, ', '02 Jan 2026 ', '03:05:05 ', 'disable', 'abort-message', 'e', '.', '\u0000');
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.array(pieces).map((all) => all.join('')), fc.date().map((date) => date.toUTCString()), fc.integer().map(String));
  const headers = fc.record({ 'retry-after': text, 'webhook-delivery': text, other: text }, { requiredKeys: [] });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 999 }), headers, fc.integer({ min: 0, max: 4e12 }), (status, sent, at) => {
      const verdict = judgeResponse({ status, headers: sent }, at);
      expect(['delivered', 'failed', 'aborted', 'disabled']).toContain(verdict.kind);
      expect(verdict.kind === 'delivered' || (verdict.kind === 'disabled' && verdict.isDelivered)).toBe(status >= 200 && status < 300);
      if (verdict.kind !== 'failed') return;
      const { retryAfterMs = 1 } = verdict;
      expect(retryAfterMs > 0 && retryAfterMs <= 86_400_000).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});
