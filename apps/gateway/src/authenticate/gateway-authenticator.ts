import { CredentialAuthenticator, scopes, SYSTEM_TENANT_ID, type Caller, type TenantCaller } from '@angarium/auth';
import { SYSTEM_TENANT, type Access } from '@angarium/contracts';
import { SharedErrors } from '@angarium/errors';
import type { IncomingHttpHeaders } from 'node:http';
import { bearerTokenIn, type OperatorToken } from './operator-token.js';

/** Whoever holds GATEWAY_TOKEN operates the system. */
const operator: TenantCaller = Object.freeze({
  kind: 'tenant',
  tenantId: SYSTEM_TENANT,
  tenantName: SYSTEM_TENANT,
  keyId: 'GATEWAY_TOKEN',
  keyName: 'GATEWAY_TOKEN',
  scopes: new Set(scopes),
  publishRate: undefined,
});

/**
 * Tells who calls the gateway: a tenant by an API key, as at the broker, or the operator by GATEWAY_TOKEN in `authorization: Bearer`.
 * The system's own tenant goes by the name that events and jobs of the system carry.
 */
export class GatewayAuthenticator {
  constructor(
    private readonly token: OperatorToken,
    private readonly credentials: Pick<CredentialAuthenticator, 'authenticate'>,
  ) {}

  /** @throws UNAUTHORIZED, FORBIDDEN; UNAVAILABLE when an API key is not known and Postgres is away. */
  authenticate(headers: IncomingHttpHeaders, access: Access): Caller | Promise<Caller> {
    if (access.kind !== 'service' && access.kind !== 'open') {
      if (this.token.isIn(headers)) return operator;
      expectApiKey(headers);
    }
    const caller = this.credentials.authenticate(headers, access);
    return caller instanceof Promise ? caller.then(named) : named(caller);
  }
}

/** What is no API key is refused here, because the library knows nothing of GATEWAY_TOKEN and would ask for an API key alone. */
function expectApiKey(headers: IncomingHttpHeaders): void {
  const token = bearerTokenIn(headers) ?? headers['x-api-key'];
  if (typeof token === 'string' && token.startsWith('ang_')) return;
  const what = token === undefined ? 'No credential came with the request.' : 'What came is neither an API key nor GATEWAY_TOKEN.';
  const isServiceToken = headers['x-service-token'] !== undefined || (typeof token === 'string' && token.startsWith('angs_'));
  const hint = isServiceToken ? ' Service tokens (angs_…) are for x-service-token, on routes of /internal.' : '';
  throw SharedErrors.UNAUTHORIZED(`${what} Send authorization: Bearer with an API key (ang_…) or, for operators, GATEWAY_TOKEN.${hint}`);
}

function named(caller: Caller): Caller {
  return caller.kind === 'tenant' && caller.tenantId === SYSTEM_TENANT_ID ? { ...caller, tenantId: SYSTEM_TENANT } : caller;
}
