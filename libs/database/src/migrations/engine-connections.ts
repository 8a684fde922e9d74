import { randomUUID } from 'node:crypto';
import { PrismaPg } from '@prisma/adapter-pg';
import { ColumnTypeEnum, type SqlDriverAdapter, type SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import pg from 'pg';
import { withDatabase, withSessionSettings } from '../connection-string.js';

/** Postgres' catalog type "char", unknown to the adapter, and char(n), which it can read. */
const catalogChar = 18;
const blankPaddedChar = 1042;

/**
 * Connections for the migration engine: Prisma's own adapter with its gaps filled.
 * - The shadow database is really another database (the adapter's is the real one when it got a connection string),
 *   and it is dropped after its connections are closed, not before.
 * - The catalog type "char" can be read.
 * - A script goes out whole (the adapter cuts it at every `;`, also inside a function body), so it is one transaction.
 */
export class EngineConnections implements SqlMigrationAwareDriverAdapterFactory {
  readonly provider = 'postgres';
  readonly adapterName = '@angarium/database';
  private readonly open = new Set<SqlDriverAdapter>();
  /** What Postgres or the way to it said last; the engine hands on less of it. */
  lastFailure: unknown;

  constructor(private readonly databaseUrl: string) {}

  connect(): Promise<SqlDriverAdapter> {
    return this.openAdapter(this.databaseUrl);
  }

  async connectToShadowDb(): Promise<SqlDriverAdapter> {
    const name = `angarium_shadow_${randomUUID().replaceAll('-', '')}`;
    const admin = await this.connect();
    await admin.executeScript(`CREATE DATABASE "${name}"`);
    return this.openAdapter(withDatabase(this.databaseUrl, name), async () => {
      await admin.executeScript(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);
      await admin.dispose();
    });
  }

  /** Closes what is still open and drops shadow databases: the engine does neither when it fails. Idempotent. */
  async close(): Promise<void> {
    for (const adapter of [...this.open].reverse()) await adapter.dispose();
  }

  private async openAdapter(databaseUrl: string, afterClose?: () => Promise<void>): Promise<SqlDriverAdapter> {
    const pool = new pg.Pool({
      connectionString: withSessionSettings(databaseUrl, { TimeZone: 'UTC' }),
      application_name: 'angarium-migrate',
      connectionTimeoutMillis: 10_000,
      max: 1, // so that SET in a script holds for what follows
    });
    const adapter = await new PrismaPg(pool, { disposeExternalPool: true }).connect();
    this.watchQueries(pool, adapter);
    adapter.executeScript = async (script) => {
      await adapter.executeRaw({ sql: script, args: [], argTypes: [] });
    };
    const close = adapter.dispose.bind(adapter);
    adapter.dispose = async () => {
      if (!this.open.delete(adapter)) return;
      await close();
      await afterClose?.();
    };
    this.open.add(adapter);
    return adapter;
  }

  /** Keeps the last failure, and shows "char" to the adapter as char(n) and to the engine as the character it is. */
  private watchQueries(pool: pg.Pool, adapter: SqlDriverAdapter): void {
    const columnsOf = new WeakMap<object, number[]>(); // by the rows, which the adapter hands on as they are
    const query = pool.query.bind(pool) as (config: unknown) => Promise<pg.QueryResult>;
    const watched = async (config: unknown) => {
      const result = await query(config).catch((error: unknown) => {
        this.lastFailure = error;
        throw error;
      });
      const fields = (result.fields as pg.FieldDef[] | undefined) ?? []; // a list of statements has none
      const columns = fields.flatMap((field, index) => (field.dataTypeID === catalogChar ? [index] : []));
      for (const index of columns) Object.assign(fields[index] ?? {}, { dataTypeID: blankPaddedChar });
      if (columns.length > 0) columnsOf.set(result.rows, columns);
      return result;
    };
    pool.query = watched as typeof pool.query;

    const queryRaw = adapter.queryRaw.bind(adapter);
    adapter.queryRaw = async (request) => {
      const answer = await queryRaw(request);
      for (const index of columnsOf.get(answer.rows) ?? []) answer.columnTypes[index] = ColumnTypeEnum.Character;
      return answer;
    };
  }
}
