import { ListAudit } from '@angarium/contracts/broker-api';
import type { AnswerOf } from '@angarium/contracts';
import type { Sql } from '@angarium/database';
import { Route, type RouteCall } from '@angarium/service-shell';
import { Controller } from '@nestjs/common';
import { timeCursor } from '../../catalog/page-cursor.js';
import { InjectSql } from '../../sql.js';

interface AuditRow {
  readonly id: string;
  readonly actor: string;
  readonly action: string;
  readonly resource: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly recorded_at: Date;
}

/** Reads the audit trail of the caller's tenant. */
@Controller()
export class AuditController {
  constructor(@InjectSql() private readonly sql: Sql) {}

  @Route(ListAudit)
  async list({ caller, query }: RouteCall<typeof ListAudit>): Promise<AnswerOf<typeof ListAudit>> {
    const { limit, cursor, action = null, resource = null } = query;
    const [before, id] = timeCursor.decode(cursor) ?? [null, null];
    const rows = await this.sql.query<AuditRow>(
      `SELECT id, actor, action, resource, before, after, recorded_at FROM broker.audit_entries
       WHERE tenant_id = $1 AND ($2::text IS NULL OR starts_with(action, $2)) AND ($3::text IS NULL OR resource = $3)
         AND ($4::timestamptz IS NULL OR (recorded_at, id) < ($4, $5::uuid))
       ORDER BY recorded_at DESC, id DESC LIMIT $6`,
      [caller.tenantId, action, resource, before, id, limit + 1],
    );
    return timeCursor.pageOf(rows, limit, (row) => [row.recorded_at.toISOString(), row.id], toEntry);
  }
}

function toEntry({ id, actor, action, resource, before, after, recorded_at }: AuditRow) {
  return { id, actor, action, resource, before, after, recordedAt: recorded_at.toISOString() };
}
