import { createHash, timingSafeEqual } from 'node:crypto';
import { CredentialAuthenticator, scopes, SYSTEM_TENANT_ID, type Caller, type TenantCaller } from '@angarium/auth';
import { SYSTEM_TENANT, type Access } from '@angarium/contracts';
import type { IncomingHttpHeaders } from 'node:http';

const bearerForm = /^Bearer +(\S+)$/i;

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
  private readonly expected: Buffer;

  constructor(
    token: string,
    private readonly credentials: Pick<CredentialAuthenticator, 'authenticate'>,
  ) {
    this.expected = digest(token);
  }

  /** @throws UNAUTHORIZED, FORBIDDEN; UNAVAILABLE when an API key is not known and Postgres is away. */
  authenticate(headers: IncomingHttpHeaders, access: Access): Caller | Promise<Caller> {
    if (access.kind !== 'service' && access.kind !== 'open' && this.isGatewayToken(headers)) return operator;
    const caller = this.credentials.authenticate(headers, access);
    return caller instanceof Promise ? caller.then(named) : named(caller);
  }

  private isGatewayToken({ authorization }: IncomingHttpHeaders): boolean {
    const token = authorization === undefined ? undefined : bearerForm.exec(authorization)?.[1];
    // digests have one length, so comparing them tells nothing about the token's
    return token !== undefined && timingSafeEqual(digest(token), this.expected);
  }
}

function named(caller: Caller): Caller {
  return caller.kind === 'tenant' && caller.tenantId === SYSTEM_TENANT_ID ? { ...caller, tenantId: SYSTEM_TENANT } : caller;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
