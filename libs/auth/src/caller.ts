/** The tenant that is this system itself; whoever holds its keys with the scope admin operates the system. */
export const SYSTEM_TENANT_ID = '00000000-0000-0000-0000-000000000001';

export const scopes = ['publish', 'consume', 'admin'] as const;
export type Scope = (typeof scopes)[number];

/** Somebody who acts for a tenant, by one of its API keys. */
export interface TenantCaller {
  readonly kind: 'tenant';
  readonly tenantId: string;
  readonly tenantName: string;
  readonly keyId: string;
  /** The key's name: the actor in audit entries, the producer of a message, and what allowedProducers and allowedConsumers list. */
  readonly keyName: string;
  readonly scopes: ReadonlySet<Scope>;
  /** Messages a second that the tenant may publish; undefined: the service's default. */
  readonly publishRate: number | undefined;
}

/** Another service of this system. */
export interface ServiceCaller {
  readonly kind: 'service';
  readonly service: string;
  readonly permissions: ReadonlySet<string>;
}

export type Caller = TenantCaller | ServiceCaller | { readonly kind: 'anyone' };
