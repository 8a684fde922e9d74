import { Prisma, type PrismaClient } from '../generated/prisma/client.js';
import type { OutboxOwner } from '../owners.js';

/** What the outbox needs of a transaction, whoever owns it. */
export type OutboxConnection = Pick<PrismaClient, '$executeRaw'> & { readonly $owner: OutboxOwner };

/** The owner's outbox as it stands in a statement of Prisma's. */
export function outboxTable(owner: OutboxOwner): Prisma.Sql {
  return Prisma.raw(outboxTableName(owner));
}

/** The same as text, for statements without Prisma. */
export function outboxTableName(owner: OutboxOwner): string {
  return `"${owner}"."outbox_events"`;
}
