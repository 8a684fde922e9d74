import type { SqlRunner } from '@angarium/database';

export interface AuditEntry {
  readonly tenantId: string;
  /** Name of the API key or service that did it. */
  readonly actor: string;
  /** `topic.create`: what was done. */
  readonly action: string;
  /** `topic/orders`, `subscription/<id>`: what it was done to. */
  readonly resource: string;
  /** What it was; left out where it was nothing. Never secrets. */
  readonly before?: object | null | undefined;
  /** What it is now, or what was asked for. Never secrets. */
  readonly after?: object | null | undefined;
}

/** Writes who changed what. Call it in the transaction of the change, so that there is neither one without the other. */
export async function writeAudit(tx: SqlRunner, { tenantId, actor, action, resource, before, after }: AuditEntry): Promise<void> {
  await tx.execute(
    `INSERT INTO broker.audit_entries (tenant_id, actor, action, resource, before, after) VALUES ($1, $2, $3, $4, $5, $6)`,
    [tenantId, actor, action, resource, jsonOf(before), jsonOf(after)],
  );
}

const jsonOf = (value: object | null | undefined) => (value === null || value === undefined ? null : JSON.stringify(value));
