import { SYSTEM_TENANT_ID, type Caller, type TenantCaller } from '@angarium/auth';
import type { Access } from '@angarium/contracts';
import { SharedErrors } from '@angarium/errors';
import type { IncomingHttpHeaders } from 'node:http';
import { GatewayAuthenticator } from './gateway-authenticator.js';
import { OperatorToken } from './operator-token.js';

const TOKEN = 'a-token-of-twenty-four-letters';
const key = (tenantId: string): TenantCaller => ({ kind: 'tenant', tenantId, tenantName: 't', keyId: 'k', keyName: 'app', scopes: new Set(['admin']), publishRate: undefined });
const asked: Access[] = [];

/** Knows the credentials of the list, at once or after a look-up. */
function authenticator(answer: Caller | undefined, isLate = false) {
  asked.length = 0;
  const authenticate = (_headers: object, access: Access) => {
    asked.push(access);
    if (answer === undefined) throw SharedErrors.UNAUTHORIZED();
    return isLate ? Promise.resolve(answer) : answer;
  };
  return new GatewayAuthenticator(new OperatorToken(TOKEN), { authenticate });
}
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const unauthorized = expect.objectContaining({ code: 'UNAUTHORIZED' }) as Error;
const operator: Access = { kind: 'operator' };

describe('GATEWAY_TOKEN', () => {
  it.each([operator, { kind: 'any-scope' }, { kind: 'scope', scope: 'publish' }] satisfies Access[])('makes its holder the operator of the system, for $kind', (access) => {
    const caller = authenticator(undefined).authenticate(bearer(TOKEN), access);
    expect(caller).toMatchObject({ kind: 'tenant', tenantId: 'system', keyId: 'GATEWAY_TOKEN', scopes: new Set(['publish', 'consume', 'admin']) });
    expect(asked).toEqual([]);
  });

  it('is no service token: a service is asked for its own', () => {
    expect(() => authenticator(undefined).authenticate(bearer(TOKEN), { kind: 'service', permission: 'x' })).toThrow(unauthorized);
  });

  it.each([
    ['another', bearer('b-token-of-twenty-four-letters')],
    ['its beginning', bearer(TOKEN.slice(0, -1))],
    ['more than it', bearer(`${TOKEN}x`)],
    ['it in another header', { 'x-api-key': TOKEN }],
    ['it with another scheme', { authorization: `Basic ${TOKEN}` }],
    ['nothing', {}],
  ])('is not what came: 401 for %s', (_what, headers) => {
    expect(() => authenticator(undefined).authenticate(headers, operator)).toThrow(unauthorized);
  });
});

describe('what is refused', () => {
  const refusal = (headers: IncomingHttpHeaders) => {
    try {
      void authenticator(undefined).authenticate(headers, { kind: 'any-scope' });
    } catch (error) {
      return (error as Error).message;
    }
    throw new Error('it was let in');
  };

  it.each([
    ['no credential', {}],
    ['another token', bearer('b-token-of-twenty-four-letters')],
    ['a service token', bearer('angs_x')],
    ['another token as x-api-key', { 'x-api-key': 'other' }],
  ])('is told of both credentials that would do: %s', (_what, headers) => {
    expect(refusal(headers)).toContain('Send authorization: Bearer with an API key (ang_…) or, for operators, GATEWAY_TOKEN.');
  });

  it.each([bearer('angs_x'), { 'x-api-key': 'angs_x' }, { 'x-service-token': 'angs_x' }])('is told what a service token is for', (headers) => {
    expect(refusal(headers)).toContain('x-service-token');
    expect(refusal(headers)).not.toContain('angs_x');
    expect(refusal(bearer('other'))).not.toContain('x-service-token');
  });
});

describe('an API key', () => {
  it.each([false, true])('of the system acts for the tenant that events and jobs of the system name, looked up or known (%s)', async (isLate) => {
    expect(await authenticator(key(SYSTEM_TENANT_ID), isLate).authenticate(bearer('ang_x'), operator)).toMatchObject({ tenantId: 'system', keyId: 'k' });
    expect(asked).toEqual([operator]);
  });

  it('of another tenant acts for that one', () => {
    expect(authenticator(key('acme')).authenticate(bearer('ang_x'), { kind: 'any-scope' })).toMatchObject({ tenantId: 'acme' });
  });
});

it('an open route asks nobody, and is given what the library answers', () => {
  expect(authenticator({ kind: 'anyone' }).authenticate({}, { kind: 'open', reason: 'health' })).toEqual({ kind: 'anyone' });
});
