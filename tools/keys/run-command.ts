import { ApiKeyRepository, ServiceTokenRepository, TenantRepository, type ListedApiKey, type ListedServiceToken } from '@angarium/auth';
import type { Sql } from '@angarium/database';
import type { Command } from './parse-command.js';

/** Where lines go. Secrets and lists go to `out` alone, so that `KEY=$(npm run -s keys -- create …)` is the key. */
export interface Output {
  readonly out: (line: string) => void;
  readonly note: (line: string) => void;
}

/**
 * Does what the command says.
 * @returns the exit code: 0, or 1 when there is nothing with that id.
 * @throws SERVICE_TOKENS_FULL, DATABASE_UNAVAILABLE, DATABASE_BUSY
 */
export async function runCommand(command: Exclude<Command, { kind: 'help' }>, sql: Sql, output: Output): Promise<number> {
  switch (command.kind) {
    case 'create':
      return createKey(command, sql, output);
    case 'list':
      printTable(['id', 'tenant', 'name', 'scopes', 'state', 'created', 'expires'], (await new ApiKeyRepository(sql).list(command.tenant)).map(keyRow), output);
      return 0;
    case 'revoke':
      return tellRevoked(await new ApiKeyRepository(sql).revoke(command.id), `API key ${command.id}`, output);
    case 'service-token':
      return createToken(command, sql, output);
    case 'service-tokens':
      printTable(['id', 'service', 'may', 'state', 'created', 'expires'], (await new ServiceTokenRepository(sql).list(command.service)).map(tokenRow), output);
      return 0;
    case 'revoke-service-token':
      return tellRevoked(await new ServiceTokenRepository(sql).revoke(command.id), `service token ${command.id}`, output);
  }
}

async function createKey({ tenant, name, scopes, expiresInMs }: Extract<Command, { kind: 'create' }>, sql: Sql, { out, note }: Output): Promise<number> {
  const { id: tenantId, isNew } = await new TenantRepository(sql).create(tenant);
  const { id, token } = await new ApiKeyRepository(sql).create({ tenantId, name, scopes, expiresInMs });
  if (isNew) note(`Made the tenant ${tenant}.`);
  note(`API key ${id}: ${name} of tenant ${tenant}, may ${scopes.join(', ')}, ${expiryText(expiresInMs)}. It is shown this once:`);
  out(token);
  return 0;
}

async function createToken({ service, permissions, expiresInMs }: Extract<Command, { kind: 'service-token' }>, sql: Sql, { out, note }: Output): Promise<number> {
  const { id, token } = await new ServiceTokenRepository(sql).create({ service, permissions, expiresInMs });
  note(`Service token ${id}: ${service}, may ${permissions.join(', ')}, ${expiryText(expiresInMs)}. It is shown this once:`);
  out(token);
  return 0;
}

function tellRevoked(isThere: boolean, what: string, { out, note }: Output): number {
  if (isThere) out(`The ${what} is revoked. Services that know it let it go within 30 s.`);
  else note(`There is no ${what}.`);
  return isThere ? 0 : 1;
}

const expiryText = (expiresInMs: number | undefined) => (expiresInMs === undefined ? 'never expires' : `expires ${isoDay(new Date(Date.now() + expiresInMs))}`);
const isoDay = (date: Date) => date.toISOString().slice(0, 10);
const minute = (date: Date | null) => (date === null ? '-' : `${date.toISOString().slice(0, 16)}Z`);

const stateOf = ({ isValid, revokedAt }: ListedApiKey | ListedServiceToken) => (isValid ? 'valid' : revokedAt === null ? 'expired' : 'revoked');

function keyRow(key: ListedApiKey): string[] {
  const { id, tenant, name, scopes, createdAt, expiresAt } = key;
  return [id, tenant, name, scopes.join(','), stateOf(key), minute(createdAt), minute(expiresAt)];
}

function tokenRow(token: ListedServiceToken): string[] {
  const { id, service, permissions, createdAt, expiresAt } = token;
  return [id, service, permissions.join(','), stateOf(token), minute(createdAt), minute(expiresAt)];
}

function printTable(heads: readonly string[], rows: readonly (readonly string[])[], { out, note }: Output): void {
  if (rows.length === 0) return note('There are none.');
  const widths = heads.map((head, i) => Math.max(head.length, ...rows.map((row) => row[i]?.length ?? 0)));
  for (const row of [heads, ...rows]) out(row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ').trimEnd());
}
