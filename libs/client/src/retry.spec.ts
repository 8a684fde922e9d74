import { AngariumApiError, AngariumConnectionError, toApiError, toConnectionError } from './angarium-api-error.js';
import { backoff, mayRepeat, pauseMs, retryOf } from './retry.js';

const api = (status: number, code = 'X', retryAfter?: number) => new AngariumApiError(code, status, 'no', undefined, retryAfter);
const retry = retryOf({ attempts: 4, firstDelayMs: 100, maxDelayMs: 5_000, jitter: 0.5 });

describe('a failed call', () => {
  it.each([
    ['a lost connection', new AngariumConnectionError('CONNECTION_FAILED', true, '')],
    ['no answer in time', new AngariumConnectionError('TIMEOUT', true, '')],
    ['503', api(503)],
    ['502 of a proxy', api(502)],
  ])('is repeated after %s only where twice does no harm', (_name, error) => {
    expect([mayRepeat(error, true), mayRepeat(error, false)]).toEqual([true, false]);
  });

  it.each([
    ['a refused connection', new AngariumConnectionError('CONNECTION_FAILED', false, '')],
    ['429', api(429)],
    ['a first call that still runs', api(409, 'MQ_IDEMPOTENCY_IN_PROGRESS')],
  ])('is repeated after %s in any case: it was not carried out', (_name, error) => {
    expect([mayRepeat(error, true), mayRepeat(error, false)]).toEqual([true, true]);
  });

  it.each([400, 401, 403, 404, 409, 413, 422, 500, 507])('is not repeated after %d', (status) => {
    expect(mayRepeat(api(status), true)).toBe(false);
  });

  it('is not repeated after a fault of our own', () => {
    expect(mayRepeat(new TypeError('bug'), true)).toBe(false);
  });
});

describe('the pause before another try', () => {
  it('doubles up to the longest one, less a share that chance decides', () => {
    expect([1, 2, 3, 10].map((failed) => backoff(failed, retry, 0))).toEqual([100, 200, 400, 5_000]);
    expect(backoff(1, retry, 1)).toBe(50);
  });

  it('is as long as the broker asks for', () => {
    expect(pauseMs(api(429, 'X', 2), 1, retry, 0)).toBe(2_000);
    expect(pauseMs(api(503, 'X', 0), 1, retry, 0)).toBe(100);
  });

  it('is none when tries are used up, or the broker asks for longer than we wait', () => {
    expect(pauseMs(api(503), 4, retry, 0)).toBeUndefined();
    expect(pauseMs(api(503, 'X', 6), 1, retry, 0)).toBeUndefined();
  });
});

describe('an error', () => {
  it('is what the broker says', () => {
    const error = toApiError(429, '{"code":"MQ_RATE_LIMITED","message":"Slow down.","details":{"rate":5},"retryAfter":3}', null);
    expect(error).toMatchObject({ code: 'MQ_RATE_LIMITED', status: 429, message: 'Slow down.', details: { rate: 5 }, retryAfter: 3 });
  });

  it('of a proxy is named by its status and has the time of its header', () => {
    expect(toApiError(502, '<html>', '7')).toMatchObject({ code: 'HTTP_502', retryAfter: 7 });
    expect(toApiError(503, '', new Date(Date.now() + 9_500).toUTCString()).retryAfter).toBeGreaterThanOrEqual(8);
    expect(toApiError(503, '', 'soon').retryAfter).toBeUndefined();
  });

  it('of a connection tells whether the call was sent, also when a host has several addresses', () => {
    const refused = Object.assign(new Error('no'), { code: 'ECONNREFUSED' });
    const reset = Object.assign(new Error('no'), { code: 'ECONNRESET' });
    expect(toConnectionError(new TypeError('fetch failed', { cause: refused }), 'here').isSent).toBe(false);
    expect(toConnectionError(new TypeError('fetch failed', { cause: new AggregateError([refused, refused]) }), 'here').isSent).toBe(false);
    expect(toConnectionError(new TypeError('fetch failed', { cause: new AggregateError([refused, reset]) }), 'here').isSent).toBe(true);
    expect(toConnectionError(new TypeError('terminated'), 'here').isSent).toBe(true);
  });
});
