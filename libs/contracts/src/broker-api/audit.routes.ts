import { z } from 'zod';
import { defineRoute } from '../route.js';
import { pageOf, pageQuery, timestamp } from './shared.js';

const auditEntry = z
  .object({
    id: z.uuid(),
    actor: z.string().describe('Name of the API key or service that did it.'),
    action: z.string().describe('`topic.create`, `subscription.pause`, `dead-letter.redrive` …'),
    resource: z.string().describe('`topic/<name>`, `subscription/<id>`, `dead-letter/<id>`, `schedule/<id>`.'),
    before: z.unknown().describe('What it was; null where it was nothing.'),
    after: z.unknown().describe('What it is now, or what was asked for; null where it is gone.'),
    recordedAt: timestamp,
  })
  .meta({ id: 'AuditEntry' });
export type AuditEntryView = z.output<typeof auditEntry>;

export const ListAudit = defineRoute({
  id: 'audit.list',
  method: 'GET',
  path: '/api/v1/mq/audit',
  tag: 'Audit',
  summary: 'Who changed what in your tenant, youngest first.',
  access: { kind: 'scope', scope: 'admin' },
  query: z.object({
    ...pageQuery,
    action: z.string().max(100).optional().describe('Actions that begin with this: `topic.`'),
    resource: z.string().max(300).optional().describe('Only this one: `topic/orders`'),
  }),
  response: pageOf(auditEntry),
  example: { query: { action: 'topic.', limit: '20' } },
});
