import type { SqlRunner } from '@angarium/database';

export interface StoredTenant {
  readonly id: string;
  readonly name: string;
}

export class TenantRepository {
  constructor(private readonly sql: SqlRunner) {}

  /** Makes the tenant unless there is one of this name (at most 100 characters). Idempotent. */
  async create(name: string): Promise<StoredTenant & { readonly isNew: boolean }> {
    const [made] = await this.sql.query<StoredTenant>('INSERT INTO auth.tenants (name) VALUES ($1) ON CONFLICT (name) DO NOTHING RETURNING id, name', [name]);
    if (made !== undefined) return { ...made, isNew: true };
    const [known] = await this.sql.query<StoredTenant>('SELECT id, name FROM auth.tenants WHERE name = $1', [name]);
    // removed between the two statements
    return known === undefined ? this.create(name) : { ...known, isNew: false };
  }
}
