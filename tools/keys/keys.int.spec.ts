import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CredentialAuthenticator } from '@angarium/auth';
import { openSql, type Sql } from '@angarium/database';
import { silentLogger } from '@angarium/observability';
import { createTestDatabase, startPostgres, stopAfterTests, type TestDatabase } from '@angarium/testing';
import { openDataFolder } from '../start/data-folder.js';
import { findDatabase } from './find-database.js';
import { parseCommand, type Command } from './parse-command.js';
import { runCommand } from './run-command.js';

stopAfterTests();
let postgres: Awaited<ReturnType<typeof startPostgres>>;
let test: TestDatabase;
let sql: Sql;

beforeAll(async () => {
  postgres = await startPostgres();
});
beforeEach(async () => {
  test = await createTestDatabase(postgres);
  sql = openSql({ url: test.url, logger: silentLogger });
});
afterEach(async () => {
  await sql.end();
  await test.drop();
});

async function keys(line: string) {
  const [out, notes]: [string[], string[]] = [[], []];
  const command = parseCommand(line.split(' ')) as Exclude<Command, { kind: 'help' }>;
  const code = await runCommand(command, sql, { out: (it) => out.push(it), note: (it) => notes.push(it) });
  return { code, out, notes, id: /[0-9a-f-]{36}/.exec(notes.join())?.[0] ?? '' };
}
const call = async (headers: Record<string, string>, access: Parameters<CredentialAuthenticator['authenticate']>[1]) =>
  new CredentialAuthenticator({ sql, logger: silentLogger }).authenticate(headers, access);
const publishWith = (key: string | undefined) => call({ authorization: `Bearer ${key}` }, { kind: 'scope', scope: 'publish' });

describe('npm run keys', () => {
  it('makes a key that works, alone on standard output, and shows it never again', async () => {
    const { out, notes, id } = await keys('create --tenant ada --name my-app --scopes publish,admin --expires-in-days 30');
    expect(out).toEqual([expect.stringMatching(/^ang_[\w-]{43}$/)]);
    expect(await publishWith(out[0])).toMatchObject({ tenantName: 'ada', keyName: 'my-app', scopes: new Set(['publish', 'admin']), keyId: id });
    expect(notes.join()).toContain('Made the tenant ada.');
    const list = await keys('list');
    expect(list.out[1]).toMatch(new RegExp(`^${id}  ada +my-app  publish,admin  valid`));
    expect(list.out.join() + list.notes.join() + notes.join()).not.toContain(out[0]);
  });

  it('revokes a key, again without complaint, and says when there is none', async () => {
    const { out, id } = await keys('create --tenant ada --name my-app --scopes publish');
    for (let i = 0; i < 2; i++) expect(await keys(`revoke ${id}`)).toMatchObject({ code: 0 });
    await expect(publishWith(out[0])).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    expect((await keys('list --tenant ada')).out[1]).toContain('revoked');
    expect(await keys('revoke 0190a6f0-7c1e-7b3a-9d52-3a5f6f1c2d4e')).toMatchObject({ code: 1, notes: ['There is no API key 0190a6f0-7c1e-7b3a-9d52-3a5f6f1c2d4e.'] });
  });

  it('changes the token of a service without a gap: both work until the old one is revoked', async () => {
    const mayTell = (token: string | undefined) => call({ 'x-service-token': token ?? '' }, { kind: 'service', permission: 'user-events' });
    const old = await keys('service-token --service user-service --may user-events');
    const fresh = await keys('service-token --service user-service --may user-events');
    for (const { out } of [old, fresh]) expect(await mayTell(out[0])).toMatchObject({ service: 'user-service' });
    await expect(keys('service-token --service user-service --may user-events')).rejects.toMatchObject({ code: 'SERVICE_TOKENS_FULL' });
    expect(await keys(`revoke-service-token ${old.id}`)).toMatchObject({ code: 0 });
    await expect(mayTell(old.out[0])).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    expect(await mayTell(fresh.out[0])).toMatchObject({ service: 'user-service' });
    const [, ...rows] = (await keys('service-tokens --service user-service')).out;
    expect(rows.map((row) => [row.split(' ')[0], /\b(valid|expired|revoked)\b/.exec(row)?.[0]])).toEqual(expect.arrayContaining([[old.id, 'revoked'], [fresh.id, 'valid']]));
    expect(rows).toHaveLength(2);
  });

  it('says so when there is nothing to list', async () => {
    expect(await keys('list')).toMatchObject({ code: 0, out: [], notes: ['There are none.'] });
  });
});

describe('the database that npm run keys works on', () => {
  let root: string;
  beforeEach(async () => (root = await mkdtemp(join(tmpdir(), 'angarium-keys-'))));
  afterEach(() => rm(root, { recursive: true }));

  it('is that of DATABASE_URL, else that of the npm start that runs, else nobody knows', async () => {
    await expect(findDatabase({}, root)).rejects.toThrow('DATABASE_URL is not set');
    const data = await openDataFolder(join(root, '.data'));
    await expect(findDatabase({}, root)).rejects.toThrow('No npm start is up');
    await data.writeAddresses({ databaseUrl: 'postgresql://running' });
    expect(await findDatabase({}, root)).toBe('postgresql://running');
    expect(await findDatabase({ ANGARIUM_DATA: join(root, '.data') }, '/')).toBe('postgresql://running');
    expect(await findDatabase({ DATABASE_URL: 'postgresql://mine/x' }, root)).toBe('postgresql://mine/x');
    await expect(findDatabase({ DATABASE_URL: 'mysql://mine/x' }, root)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await data.close();
    await expect(findDatabase({}, root)).rejects.toThrow('No npm start is up');
  });
});
