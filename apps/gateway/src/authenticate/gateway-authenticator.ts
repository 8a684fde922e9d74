import { CredentialAuthenticator, scopes, SYSTEM_TENANT_ID, type Caller, type TenantCaller } from '@angarium/auth';
import { SYSTEM_TENANT, type Access } from '@angarium/contracts';
import type { IncomingHttpHeaders } from 'node:http';
import type { OperatorToken } from './operator-token.js';

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
    if (access.kind !== 'service' && access.kind !== 'open' && this.token.isIn(headers)) return operator;
    const caller = this.credentials.authenticate(headers, access);
    return caller instanceof Promise ? caller.then(named) : named(caller);
  }
}

function named(caller: Caller): Caller {
  return caller.kind === 'tenant' && caller.tenantId === SYSTEM_TENANT_ID ? { ...caller, tenantId: SYSTEM_TENANT } : caller;
}
