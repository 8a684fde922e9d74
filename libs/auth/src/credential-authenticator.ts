import type { Access } from '@angarium/contracts';
import type { Sql } from '@angarium/database';
import { SharedErrors } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import type { IncomingHttpHeaders } from 'node:http';
import { ApiKeyRepository } from './api-key.repository.js';
import { SYSTEM_TENANT_ID, type Caller, type Scope, type ServiceCaller, type TenantCaller } from './caller.js';
import { CredentialCache } from './credential-cache.js';
import { AuthErrors } from './errors.js';
import { ServiceTokenRepository } from './service-token.repository.js';
import { tokenForms } from './tokens.js';

export interface CredentialAuthenticatorOptions {
  readonly sql: Pick<Sql, 'query' | 'execute' | 'transaction'>;
  readonly logger: Logger;
  /** Milliseconds of a clock that never jumps. Default: performance.now. */
  readonly now?: () => number;
}

const anyone: Caller = Object.freeze({ kind: 'anyone' });
const bearerForm = /^Bearer +(\S+)$/i;

/**
 * Tells who calls, by `authorization: Bearer ang_…` or `x-api-key: ang_…` for tenants, and `x-service-token: angs_…` for services.
 * What it knows it tells at once (a few microseconds); how long it trusts that is said in credential-cache.ts. Tokens are kept and logged nowhere.
 */
export class CredentialAuthenticator {
  private readonly apiKeys: CredentialCache<TenantCaller>;
  private readonly serviceTokens: CredentialCache<ServiceCaller>;

  constructor({ sql, ...rest }: CredentialAuthenticatorOptions) {
    const [keys, tokens] = [new ApiKeyRepository(sql), new ServiceTokenRepository(sql)];
    this.apiKeys = new CredentialCache({ ...rest, what: 'API key', find: (hashes) => keys.findByHashes(hashes) });
    this.serviceTokens = new CredentialCache({ ...rest, what: 'service token', find: (hashes) => tokens.findByHashes(hashes) });
  }

  /**
   * The caller, when it may do what `access` asks for; a promise only where the credential has to be looked up.
   * @throws UNAUTHORIZED, FORBIDDEN; UNAVAILABLE when the credential is not known and Postgres is away.
   */
  authenticate(headers: IncomingHttpHeaders, access: Access): Caller | Promise<Caller> {
    switch (access.kind) {
      case 'open':
        return anyone;
      case 'any-scope':
        return this.apiKeys.get(apiKeyIn(headers));
      case 'operator': {
        const caller = this.apiKeys.get(apiKeyIn(headers));
        return caller instanceof Promise ? caller.then(asOperator) : asOperator(caller);
      }
      case 'scope': {
        const caller = this.apiKeys.get(apiKeyIn(headers));
        return caller instanceof Promise ? caller.then((it) => withScope(it, access.scope)) : withScope(caller, access.scope);
      }
      case 'service': {
        const caller = this.serviceTokens.get(serviceTokenIn(headers));
        return caller instanceof Promise ? caller.then((it) => withPermission(it, access.permission)) : withPermission(caller, access.permission);
      }
    }
  }
}

function apiKeyIn(headers: IncomingHttpHeaders): string {
  const bearer = headers.authorization === undefined ? undefined : bearerForm.exec(headers.authorization)?.[1];
  const token = bearer ?? headers['x-api-key'];
  if (token === undefined) throw SharedErrors.UNAUTHORIZED('No API key came with the request. Send the header authorization: Bearer ang_…, or x-api-key.');
  if (typeof token === 'string' && tokenForms.apiKey.test(token)) return token;
  throw SharedErrors.UNAUTHORIZED('The API key is not one: expected ang_ and 43 letters, digits, _ and -. Send it whole in authorization: Bearer ang_…, or x-api-key.');
}

function serviceTokenIn(headers: IncomingHttpHeaders): string {
  const token = headers['x-service-token'];
  if (token === undefined) throw SharedErrors.UNAUTHORIZED('No service token came with the request. Send the header x-service-token: angs_….');
  if (typeof token === 'string' && tokenForms.serviceToken.test(token)) return token;
  throw SharedErrors.UNAUTHORIZED('The service token is not one: expected angs_ and 43 letters, digits, _ and -. Send it whole in x-service-token.');
}

function withScope(caller: TenantCaller, scope: Scope): TenantCaller {
  if (caller.scopes.has(scope)) return caller;
  throw AuthErrors.FORBIDDEN(`This needs the scope ${scope}, which the API key ${caller.keyName} does not have. Use a key with it, or have one made: npm run keys -- create.`, {
    details: { needs: scope, has: [...caller.scopes] },
  });
}

function asOperator(caller: TenantCaller): TenantCaller {
  if (caller.tenantId === SYSTEM_TENANT_ID && caller.scopes.has('admin')) return caller;
  throw AuthErrors.FORBIDDEN(`This concerns all tenants and needs a key of the system's own tenant with the scope admin, which ${caller.keyName} is not. The tenant's own routes do not need it.`, {
    details: { needs: 'operator' },
  });
}

function withPermission(caller: ServiceCaller, permission: string): ServiceCaller {
  if (caller.permissions.has(permission) || caller.permissions.has('*')) return caller;
  throw AuthErrors.FORBIDDEN(`This needs the permission ${permission}, which the token of ${caller.service} does not have. Have one made with it: npm run keys -- service-token.`, {
    details: { needs: permission, has: [...caller.permissions] },
  });
}
