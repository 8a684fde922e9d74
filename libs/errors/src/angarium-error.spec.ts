import { AngariumError, defineErrors, describeError, isWireError, SharedErrors, toAngariumError } from './index.js';

const Errors = defineErrors({
  SOUP_COLD: { status: 409, blame: 'us', retry: { afterMs: 1500 }, summary: 'The soup is cold.', cure: 'Wait.' },
});

describe('errors', () => {
  it('carry code, verdict and details across the wire', () => {
    const sent = Errors.SOUP_COLD('Cold', { details: { path: 'soup' } });
    const wire: unknown = JSON.parse(JSON.stringify(sent.toWire()));
    expect(isWireError(wire)).toBe(true);
    const received = AngariumError.fromWire(wire as never);
    expect(received).toMatchObject({ code: 'SOUP_COLD', status: 409, blame: 'us', retry: { afterMs: 1500 }, details: { path: 'soup' }, message: 'Cold' });
    expect(Errors.SOUP_COLD.is(received)).toBe(true);
  });

  it('answer with retryAfter in whole seconds and without stack or cause', () => {
    const body = Errors.SOUP_COLD('Cold', { cause: new Error('secret pot') }).toBody();
    expect(body).toEqual({ code: 'SOUP_COLD', message: 'Cold', retryAfter: 2 });
  });

  it('say what happened and the cure when no text is given', () => {
    expect(Errors.SOUP_COLD().message).toBe('The soup is cold. Wait.');
  });

  it('hide the text of unexpected failures from callers but keep it as reason', () => {
    const error = toAngariumError(new TypeError('x is undefined'));
    expect(error.toBody().message).not.toContain('undefined');
    expect(describeError(error)).toBe('INTERNAL: TypeError: x is undefined');
    expect(describeError(SharedErrors.NOT_FOUND('No soup'))).toBe('NOT_FOUND: No soup');
    expect(describeError({ status: 'error' })).toBe('{"status":"error"}');
  });
});
