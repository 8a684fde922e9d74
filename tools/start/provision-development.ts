import {
  ApiKeyRepository,
  AuthErrors,
  createApiKeyToken,
  createServiceToken,
  hashToken,
  scopes,
  ServiceTokenRepository,
  TenantRepository,
  type FoundCredential,
} from '@angarium/auth';
import { openSql } from '@angarium/database';
import { silentLogger } from '@angarium/observability';
import type { SecretsFile } from './secrets-file.js';

/** What a developer calls the broker with. */
export interface DevelopmentCredentials {
  readonly tenant: string;
  readonly apiKey: string;
  readonly service: string;
  readonly serviceToken: string;
}

const tenant = 'dev';
const service = 'dev-service';

/**
 * Sees to it that the development tenant has an API key with all scopes, and that there is a service token that may do everything.
 * Their plain values stay with the secrets, so they are the same at the next start; one that was revoked, or that another
 * database knew, is replaced. Idempotent.
 */
export async function provisionDevelopment(databaseUrl: string, secrets: SecretsFile): Promise<DevelopmentCredentials> {
  const sql = openSql({ url: databaseUrl, poolSize: 1, logger: silentLogger, applicationName: 'angarium-start' });
  try {
    const keys = new ApiKeyRepository(sql);
    const tokens = new ServiceTokenRepository(sql);
    const { id: tenantId } = await new TenantRepository(sql).create(tenant);
    const apiKey = await kept({
      name: 'developmentApiKey',
      secrets,
      make: createApiKeyToken,
      find: (hash) => keys.findByHashes([hash]).then((it) => it.get(hash)),
      store: (token) => keys.create({ tenantId, name: tenant, scopes, token }),
    });
    const serviceToken = await kept({
      name: 'developmentServiceToken',
      secrets,
      make: createServiceToken,
      find: (hash) => tokens.findByHashes([hash]).then((it) => it.get(hash)),
      store: (token) => storeServiceToken(tokens, token),
    });
    return { tenant, apiKey, service, serviceToken };
  } finally {
    await sql.end();
  }
}

interface Kept {
  readonly name: string;
  readonly secrets: SecretsFile;
  readonly make: () => string;
  readonly find: (hash: string) => Promise<Pick<FoundCredential<never>, 'state'> | undefined>;
  readonly store: (token: string) => Promise<unknown>;
}

/** Kept in the file before it is in the database: a start that is killed in between stores it the next time. */
async function kept({ name, secrets, make, find, store }: Kept): Promise<string> {
  const known = secrets.get(name);
  const found = known === undefined ? undefined : await find(hashToken(known));
  if (known !== undefined && found?.state === 'valid') return known;
  const token = known !== undefined && found === undefined ? known : make();
  if (token !== known) await secrets.set(name, token);
  await store(token);
  return token;
}

/** Starts whose data folder was removed leave tokens that nobody has any more: the oldest makes room. */
async function storeServiceToken(tokens: ServiceTokenRepository, token: string): Promise<void> {
  const create = () => tokens.create({ service, permissions: ['*'], token });
  try {
    await create();
  } catch (error) {
    if (!AuthErrors.SERVICE_TOKENS_FULL.is(error)) throw error;
    const oldest = (await tokens.list(service)).filter((it) => it.isValid).at(-1);
    if (oldest !== undefined) await tokens.revoke(oldest.id);
    await create();
  }
}
