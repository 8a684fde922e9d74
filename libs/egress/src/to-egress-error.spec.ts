import { toEgressError } from './to-egress-error.js';

const failure = (code: string | undefined) => Object.assign(new Error('connect to 10.9.8.7:443 failed'), code === undefined ? {} : { code });

describe('a failure below', () => {
  it.each([
    ['ENOTFOUND', 'EGRESS_CONNECTION_FAILED', 'does not resolve'],
    ['ECONNREFUSED', 'EGRESS_CONNECTION_FAILED', 'refused the connection'],
    ['UND_ERR_SOCKET', 'EGRESS_CONNECTION_FAILED', 'before the answer ended'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'EGRESS_CONNECTION_FAILED', 'certificate was not accepted'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'EGRESS_CONNECTION_FAILED', 'certificate was not accepted'],
    [undefined, 'EGRESS_CONNECTION_FAILED', 'the connection failed (UNKNOWN)'],
    ['UND_ERR_CONNECT_TIMEOUT', 'EGRESS_TIMEOUT', 'in time'],
    ['UND_ERR_HEADERS_OVERFLOW', 'EGRESS_RESPONSE_INVALID', 'UND_ERR_HEADERS_OVERFLOW'],
    ['UND_ERR_INVALID_ARG', 'EGRESS_REQUEST_INVALID', 'characters'],
    ['UND_ERR_CLOSED', 'UNAVAILABLE', 'stopping'],
  ])('with code %s is told as %s, without the address in its text', (code, expected, text) => {
    const error = toEgressError(failure(code), { host: 'hooks.example', mayHaveArrived: false });
    expect(error).toMatchObject({ code: expected, message: expect.stringContaining(text) as string });
    expect(error.cause).toBeUndefined();
    expect(JSON.stringify(error.toWire())).not.toContain('10.9.8.7');
  });

  it('that carries a text in place of a code shows nothing of it', () => {
    const error = toEgressError(failure('to 10.9.8.7'), { host: 'hooks.example', mayHaveArrived: true });
    expect(error.toBody()).toMatchObject({ details: { host: 'hooks.example', reason: 'UNKNOWN', mayHaveArrived: true } });
  });
});
