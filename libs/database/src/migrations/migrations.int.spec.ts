import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startPostgres } from '@angarium/testing';
import pg from 'pg';
import { withDatabase } from '../connection-string.js';
import { checkMigrations, createMigration, deployMigrations, MigrationErrors, migrationStatus, resolveMigration } from './index.js';

const ours = fileURLToPath(new URL('../../../../prisma', import.meta.url));
let postgres: Awaited<ReturnType<typeof startPostgres>>;
let folder: string;
let url: string;
let count = 0;

beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.stop());

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'angarium-prisma-'));
  await cp(ours, folder, { recursive: true });
  url = withDatabase(postgres.url, `soup ${++count}`);
});
afterEach(() => rm(folder, { recursive: true }));

async function sql<T extends pg.QueryResultRow>(text: string, database = url): Promise<T[]> {
  const client = new pg.Client(database);
  await client.connect();
  try {
    return (await client.query<T>(text)).rows;
  } finally {
    await client.end();
  }
}

const addMigration = async (name: string, text: string) => {
  await mkdir(join(folder, 'migrations', name), { recursive: true });
  await writeFile(join(folder, 'migrations', name, 'migration.sql'), text);
};
/** The migrations of this repository, in order. */
const committed = async () => (await readdir(join(ours, 'migrations'), { withFileTypes: true })).filter((it) => it.isDirectory()).map(({ name }) => name).sort();
const addSchema = (text: string) => writeFile(join(folder, 'schema', 'added.prisma'), text);
const databases = async () => (await sql<{ datname: string }>('SELECT datname FROM pg_database', postgres.url)).map((it) => it.datname);
const leftovers = async () => (await databases()).filter((it) => it.startsWith('angarium_shadow'));

describe('deploying migrations', () => {
  it('creates the missing database with every schema and table', async () => {
    const applied = await deployMigrations(url);
    expect(applied).toEqual(await committed());
    const tables = await sql<{ name: string }>(`SELECT schemaname || '.' || tablename AS name FROM pg_tables WHERE schemaname !~ '^(pg_|information)'`);
    const ofEverySchema = ['accounts.users', 'auth.api_keys', 'broker.message_records', 'email.email_deliveries', 'tasks.audit_records'];
    expect(tables.map((it) => it.name)).toEqual(expect.arrayContaining(ofEverySchema));
  });

  it('a second time does nothing', async () => {
    await deployMigrations(url, { folder });
    expect(await migrationStatus(url, { folder })).toMatchObject({ isUpToDate: true });
    expect(await deployMigrations(url, { folder })).toEqual([]);
  });

  it('by five at once, onto a database that is missing, applies each migration once', async () => {
    await addMigration('29990101000000_count', 'CREATE TABLE accounts.runs (); SELECT pg_sleep(0.2);');
    const applied = await Promise.all(Array.from({ length: 5 }, () => deployMigrations(url, { folder })));
    expect(applied.map((it) => it.length).sort()).toEqual([0, 0, 0, 0, (await committed()).length + 1]);
  });

  it('that PostgreSQL refuses names the migration, the SQL error and its line, keeps nothing of it, and goes on when it is corrected', async () => {
    const name = '29990101000000_bad';
    await addMigration(name, `CREATE TABLE accounts.half (name text DEFAULT 'a;b');\nINSERT INTO accounts.half VALUES ('x');\nINSERT INTO accounts.nope VALUES (1);\n`);
    const refused = await deployMigrations(url, { folder }).catch((error: unknown) => error);
    expect(MigrationErrors.MIGRATION_FAILED.is(refused)).toBe(true);
    expect((refused as Error).message).toContain(`Migration ${name} was refused by PostgreSQL: ERROR 42P01: relation "accounts.nope" does not exist (line 3:`);
    expect(await sql(`SELECT to_regclass('accounts.half') AS half`)).toEqual([{ half: null }]);

    await addMigration(name, 'CREATE TABLE accounts.half ();');
    expect(await deployMigrations(url, { folder })).toEqual([name]);
  });

  it('takes functions whose bodies hold semicolons', async () => {
    await addMigration('29990101000000_function', `CREATE FUNCTION accounts.soup() RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM 1; RETURN 'hot;cold'; END $$;`);
    await deployMigrations(url, { folder });
    expect(await sql('SELECT accounts.soup()')).toEqual([{ soup: 'hot;cold' }]);
  });

  it('refuses to guess about a migration in which an earlier deployer died, until somebody says how it ended', async () => {
    await deployMigrations(url, { folder });
    const name = '29990101000000_slow';
    await addMigration(name, 'SELECT 1;');
    // as a killed deployer leaves it: begun, not ended
    await sql(`INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ('x', 'x', '${name}')`);
    expect(await migrationStatus(url, { folder })).toMatchObject({ isUpToDate: false, interrupted: [name] });
    await expect(deployMigrations(url, { folder })).rejects.toMatchObject({ code: 'MIGRATION_INTERRUPTED', message: expect.stringContaining(`migrate resolve ${name} applied`) as string });
    await resolveMigration(url, name, 'rolled-back', { folder });
    expect(await deployMigrations(url, { folder })).toEqual([name]);
  });

  it('says so when PostgreSQL is away, and when it refuses the login', async () => {
    const away = new URL(url);
    away.port = '1';
    await expect(deployMigrations(away.href)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE', retry: 'when-available' });
    const stranger = new URL(url);
    stranger.password = 'wrong';
    await expect(deployMigrations(stranger.href)).rejects.toThrow(/refused the login .*28P01/);
  });

  it('says so when there is no folder with migrations', async () => {
    await expect(deployMigrations(url, { folder: '/no/such/folder' })).rejects.toMatchObject({ code: 'PRISMA_FOLDER_NOT_FOUND' });
  });
});

describe('the status of migrations', () => {
  it('tells what is pending, edited, and unknown to this program', async () => {
    await addMigration('29990101000000_first', 'SELECT 1;');
    await addMigration('29990102000000_second', 'SELECT 1;');
    await deployMigrations(url, { folder });
    await addMigration('29990101000000_first', 'SELECT 2;');
    await rm(join(folder, 'migrations', '29990102000000_second'), { recursive: true });
    await addMigration('29990103000000_third', 'SELECT 1;');
    expect(await migrationStatus(url, { folder })).toEqual({
      ...{ isUpToDate: false, interrupted: [] },
      ...{ pending: ['29990103000000_third'], unknown: ['29990102000000_second'], edited: ['29990101000000_first'] },
    });
  });
});

describe('making migrations', () => {
  it('the committed migrations match the committed schema files', async () => {
    expect(await checkMigrations(url)).toEqual({ isInSync: true, missingSql: '' });
  });

  it('a schema file without its migration is noticed, and one new migration settles it', async () => {
    await addSchema('model Soup {\n  id String @id\n  isHot Boolean @default(true) @map("is_hot")\n  @@map("soups")\n  @@schema("tasks")\n}\n');
    const check = await checkMigrations(url, { folder });
    expect(check.isInSync).toBe(false);
    expect(check.missingSql).toContain('CREATE TABLE "tasks"."soups"');
    const name = await createMigration(url, 'add_soups', { folder });
    expect(name).toMatch(/^\d{14}_add_soups$/);
    expect(await checkMigrations(url, { folder })).toMatchObject({ isInSync: true });
    expect(await createMigration(url, 'again', { folder })).toBeUndefined();
    expect(await deployMigrations(url, { folder })).toContain(name);
  });

  it('happens on a shadow database: the real one is not touched, and no shadow is left, also after a failure', async () => {
    await sql(`CREATE DATABASE "${new URL(url).pathname.slice(1).replace('%20', ' ')}"`, postgres.url);
    await sql('CREATE TABLE precious ()');
    await checkMigrations(url, { folder });
    await addMigration('29990101000000_bad', 'ALTER TABLE nope ADD COLUMN soup int;');
    await expect(checkMigrations(url, { folder })).rejects.toMatchObject({ code: 'MIGRATION_ENGINE_FAILED', message: expect.stringContaining('42P01') as string });
    expect(await sql(`SELECT tablename FROM pg_tables WHERE schemaname !~ '^(pg_|information)'`)).toEqual([{ tablename: 'precious' }]);
    expect(await leftovers()).toEqual([]);
  });

  it('refuses a schema file with a fault and names what it is', async () => {
    await addSchema('model Soup {\n  id Nope @id\n  @@schema("tasks")\n}\n');
    await expect(checkMigrations(url, { folder })).rejects.toThrow(/Nope/);
  });

  it('refuses a name that is none', async () => {
    await expect(createMigration(url, '../soup', { folder })).rejects.toMatchObject({ code: 'MIGRATION_NAME_INVALID' });
  });
});
