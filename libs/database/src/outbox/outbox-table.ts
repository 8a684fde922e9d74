import { Prisma, type PrismaClient } from '../generated/prisma/client.js';
import type { OutboxOwner } from '../owners.js';

/** What the outbox needs of a transaction, or of a database, whoever owns it. */
export type OutboxConnection = Pick<PrismaClient, '$queryRaw' | '$executeRaw'> & { readonly $owner: OutboxOwner };

const tables: Readonly<Record<OutboxOwner, Prisma.Sql>> = {
  accounts: Prisma.raw('"accounts"."outbox_events"'),
  email: Prisma.raw('"email"."outbox_events"'),
  sms: Prisma.raw('"sms"."outbox_events"'),
  tasks: Prisma.raw('"tasks"."outbox_events"'),
};

/** The owner's outbox as it stands in SQL. */
export function outboxTable(owner: OutboxOwner): Prisma.Sql {
  return tables[owner];
}
